// A stack's creation, update, rollback or deletion as a durable procedure.
//
// It goes through phases: `apply` brings the resources to what a template says, each after those it depends on;
// `claim` takes the exports' names; `clean` removes what is left over, in reverse. A creation that fails cleans
// everything; an update that fails applies the previous template again. One resource is at one call at a time,
// resources side by side.
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
#include "services/cloudformation/order.h"
#include "services/cloudformation/template.h"

namespace mdlc::services::cloudformation {

// A resource takes at most so many looks to become ready, the pause doubling up to the longest.
inline constexpr int settle_attempts_max = 1200;
inline constexpr int settle_first_pause_ms = 10;
inline constexpr int settle_longest_pause_ms = 500;

// The own command by which outputs become exports; its input is {stack_id, stack_name, account, region, outputs}, its
// answer an error where a name is another stack's or an export in use would change.
inline constexpr std::string_view claim_command = "claim_exports";

// What an operation can be told (procedures::tell).
inline constexpr std::string_view cancel_message = "cancel";  // an update goes back
inline constexpr std::string_view remove_message = "remove";  // a creation becomes a deletion; body {token}

class operation : public engine::procedure {
 public:
  explicit operation(std::string uid) : uid_(std::move(uid)) {}

  engine::decision decide(const engine::stimulus&) override;
  base::result<void> replay(std::string_view records) override;
  std::vector<engine::command> open_commands() const override;
  void project(store::transaction&, const engine::decision&, store::sequence at) override;

 private:
  enum class phase { apply, claim, clean, done };
  enum class action { create, update, remove };

  // What is being done to one resource. One command is open at a time.
  struct activity {
    action what = action::create;
    item target;                  // as it becomes
    bool replaces = false;        // create: the resource that stands under its logical id is left over
    bool from_leftovers = false;  // remove: it is one of those
    bool makes_room = false;      // remove: of what was half made, to be made again
    calls steps;
    size_t step = 0;
    bool settling = false;
    int looks = 0;
    base::time_point next_look{};  // set: a timer is open
    bool looking = false;          // the settling call is open

    bool updates() const { return what == action::update || replaces; }
  };

  struct note {  // an event for DescribeStackEvents
    std::string logical_id, physical_id, type, status, reason;
    json::object properties;
    bool changes_row = true;  // of the resource (or the stack) that it is about
  };

  // operation.cc: the phases
  void answered(const engine::stimulus&, engine::decision&);
  void told(const engine::stimulus&, engine::decision&);
  void advance(base::time_point now, uint64_t seed);
  void end_phase(base::time_point now);
  void end_apply(json::object next);
  void give_up(json::object next, std::string outputs_problem);
  void end_clean(json::object next);
  void stop_applying(const std::string& reason, base::time_point now);
  std::string failure_reason() const;
  bool wanted(const std::string& id);
  surroundings around();
  evaluator& expressions();
  api::answer<json::value> evaluate_outputs();
  bool is_creating() const { return order_.what == goal::create; }
  engine::command claim() const;

  // operation_steps.cc: one resource
  void begin_ready(base::time_point now, uint64_t seed);
  bool begin_one(const std::string& id, base::time_point now, uint64_t seed);
  bool keep(const std::string& id, bool taken_as_it_is);
  void begin_removals(base::time_point now);
  bool begin_removal(const std::string& key, const item&, bool makes_room, base::time_point now);
  bool stays(const std::string& key, const item&) const;
  void after_answer(const std::string& key, const api::answer<json::value>&, base::time_point now);
  void record_step(const std::string& key, const resource& changed);
  void after_step(const std::string& key, base::time_point now);
  void fail(const std::string& key, const std::string& reason, base::time_point now);
  std::optional<engine::command> command_of(const std::string& key, const activity&) const;
  std::string generated_name(const resource_type&, const std::string& logical_id, uint64_t seed) const;

  // operation_records.cc: records and their fold
  void record(json::object);
  void apply(const json::object&);
  void apply_start(const json::object&);
  void apply_phase(const json::object&);
  void apply_begin(const std::string& key, const json::object&);
  void apply_skip(const std::string& key, const json::object&);
  void apply_same(const std::string& key, const json::object&);
  void apply_done(const std::string& key);
  void apply_failure(const std::string& key, const std::string& reason);
  void note_of(const activity&, std::string_view ending, std::string reason = {});
  void note_stack(const std::string& status, const std::string& reason);
  void forget(const activity&, const std::string& key);
  void take_back_replaced();
  // A bucket and its policy have one physical id.
  static std::string leftover_key(const item& i) { return i.r.logical_id + "/" + i.r.physical_id; }
  void choose_revision(bool previous);
  const revision& standing_revision() const { return rolling_back_ ? order_.previous : order_.wanted; }
  std::string aftermath_text() const;
  std::set<std::string> imports_in_use() const;

  const std::string uid_;
  order order_;
  phase phase_ = phase::apply;
  bool rolling_back_ = false;
  bool failed_ = false;                                  // in this phase
  bool removing_ = false;                                // a creation that was told to become a deletion
  bool let_go_ = false;                                  // something could not be cleaned up after an update
  bool unreadable_ = false;                              // the template is none any more, for a newer mdlc
  std::string stopped_;                                  // why the apply ended, where that was no resource's failure
  std::map<action, std::vector<std::string>> failures_;  // logical ids, in this phase
  std::set<std::string> ever_failed_;
  std::string status_;                      // the stack's
  std::map<std::string, item> items_;       // by logical id
  std::map<std::string, item> leftovers_;   // by leftover_key: replaced, to be removed
  std::set<std::string> settled_;           // logical ids that this phase is done with
  std::map<std::string, activity> active_;  // by key: a logical id, or '#' and a leftover's key
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
