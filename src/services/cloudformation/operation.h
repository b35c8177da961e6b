// A stack's creation, update or deletion as a durable procedure.
//
// It goes through phases: `apply` brings the resources to what a template says, each after those it depends on;
// `clean` removes what is left over, in reverse. A creation that fails cleans everything; an update that fails applies
// the previous template again. One resource is at one call at a time, resources side by side.
//
// Each step is a record; state is their fold. What evaluation found out (properties, generated names, calls, physical
// ids, attributes) is in the records, so that a replay asks nobody.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/procedure.h"
#include "services/cloudformation/evaluate.h"
#include "services/cloudformation/resource_type.h"
#include "services/cloudformation/template.h"

namespace mdlc::services::cloudformation {

// A resource takes at most so many looks to become ready, the pause doubling up to the longest.
inline constexpr int settle_attempts_max = 1200;
inline constexpr int settle_first_pause_ms = 10;
inline constexpr int settle_longest_pause_ms = 500;

enum class goal { create, update, remove };
enum class on_failure { roll_back, do_nothing, remove };

// A template with its parameters' values.
struct revision {
  std::string text;
  std::map<std::string, std::string> parameters;
};

struct item {
  resource r;
  std::set<std::string> depends_on;
  std::string deletion_policy = "Delete";
  bool generated_name = false;
};

json::object to_object(const item&);
item to_item(const json::object&);

// What an operation is begun with; as JSON it is the body of `started`.
struct order {
  goal what = goal::create;
  stack_identity stack;
  std::string principal;
  std::string token;  // the client's
  revision wanted;    // create, update
  revision previous;  // update
  on_failure failing = on_failure::roll_back;
  std::set<std::string> retained;  // remove: logical ids that stay
  std::map<std::string, std::string> imports;
  std::vector<item> items;  // what there is
};
json::value to_json(const order&);
order order_from_json(const json::value&);

class operation : public engine::procedure {
 public:
  explicit operation(std::string uid) : uid_(std::move(uid)) {}

  engine::decision decide(const engine::stimulus&) override;
  base::result<void> replay(std::string_view records) override;
  std::vector<engine::command> open_commands() const override;
  void project(store::transaction&, const engine::decision&, store::sequence at) override;

 private:
  enum class phase { apply, clean, done };
  enum class action { create, update, remove };

  // What is being done to one resource. One command is open at a time.
  struct activity {
    action what = action::create;
    item target;                  // as it becomes
    json::object before;          // update: the properties it had
    bool replaces = false;        // create: the resource that stands under its logical id is left over
    bool from_leftovers = false;  // remove: of what was replaced
    calls steps;
    size_t step = 0;
    bool settling = false;
    int looks = 0;
    base::time_point next_look{};  // set: a timer is open
    bool looking = false;          // the settling call is open
  };

  struct note {  // an event for DescribeStackEvents, and the row that it changes
    std::string logical_id, physical_id, type, status, reason;
    json::object properties;
  };

  // operation.cc: what is next
  void advance(base::time_point now, uint64_t seed);
  void begin_ready(base::time_point now, uint64_t seed);
  void begin_removals(base::time_point now);
  bool begin_one(const std::string& id, base::time_point now, uint64_t seed);
  void end_phase(base::time_point now);
  void after_answer(const std::string& key, const api::answer<json::value>&, base::time_point now);
  void record_step(const std::string& key, const resource& changed);
  void after_step(const std::string& key, base::time_point now);
  void fail(const std::string& key, const std::string& reason, base::time_point now);
  bool wanted(const std::string& id);
  surroundings around();
  evaluator& expressions();
  std::optional<engine::command> command_of(const std::string& key, const activity&) const;
  std::string generated_name(const resource_type&, const std::string& logical_id, uint64_t seed) const;
  api::answer<json::value> evaluate_outputs();

  // operation_records.cc: records and their fold
  void record(json::object);
  void apply(const json::object&);
  void apply_resource(std::string_view kind, const json::object&);
  void set_revision(bool previous);

  const std::string uid_;
  order order_;
  phase phase_ = phase::apply;
  bool rolling_back_ = false;
  bool failed_ = false;  // in this phase
  std::string first_failure_;
  std::string status_;  // the stack's
  std::string status_reason_;
  std::map<std::string, item> items_;       // by logical id
  std::map<std::string, item> leftovers_;   // by physical id: replaced, to be removed
  std::set<std::string> settled_;           // logical ids that this phase is done with
  std::map<std::string, activity> active_;  // by key: a logical id, or '#' and a leftover's physical id
  json::value outputs_;
  int round_ = 0;  // phases so far; keeps command ids apart
  base::time_point last_change_{};

  std::optional<parsed_template> template_;
  surroundings around_;
  std::unique_ptr<evaluator> evaluator_;

  // Of the decision under way.
  json::array new_records_;
  std::vector<engine::command> opened_;
  std::vector<note> notes_;
};

}  // namespace mdlc::services::cloudformation
