// Document paths: a.b[2].c
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "expr/dynamo/error.h"
#include "json/value.h"

namespace mdlc::expr::dynamo {

inline constexpr size_t max_path_elements = 32;

// A member of a map by name, or of a list by index.
struct step {
  std::string name;    // empty for an index
  int64_t index = -1;  // -1 for a name

  bool is_index() const { return index >= 0; }
  auto operator<=>(const step&) const = default;
};

// Never empty; the first step is a name.
using path = std::vector<step>;

// As error messages print it: [a, b, [2]]
std::string print(const path&);

// The attribute value there, or null.
const json::value* find(const json::object& item, const path&);

// Refuses paths of which one is, or begins, another ("overlap"), and paths that take the same thing for a list and for
// a map ("conflict").
answer<void> check_distinct(const std::vector<path>&);

}  // namespace mdlc::expr::dynamo
