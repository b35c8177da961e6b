// A state taken out of its machine, so that it can be tested by itself: the text of a machine around it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "json/value.h"

namespace mdlc::asl {

// As AWS calls whatever state is tested.
inline constexpr std::string_view lone_state_name = "StateName";

struct lone_definition {
  json::value state;        // as it is written
  bool in_jsonata = false;  // what the machine around it speaks

  std::string_view type() const { return json::text(state, "Type"); }
  bool speaks_jsonata() const;
  // Map and Parallel: whether a state of that name stands in it.
  bool contains(std::string_view state_name) const;

  // A machine of this state alone, the states that it goes to ending at once. `whole`: with what a Map or Parallel runs
  // and all else that has to be checked; without it, a machine to be compiled and tested (lone_state.h).
  std::string machine(bool whole) const;
};

// A definition of one state.
lone_definition lone_definition_of(json::value state);
// The state of that name, however deep it stands in a machine's definition.
std::optional<lone_definition> find_lone_state(const json::value& machine, std::string_view name);

}  // namespace mdlc::asl
