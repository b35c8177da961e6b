// One evaluation of an expression. Private to this library.
//
// Errors travel as values of kind `failure`; the evaluator holds what went wrong. LET takes a value or returns its
// failure.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "expr/jsonata/ast.h"
#include "expr/jsonata/function.h"
#include "expr/jsonata/val.h"

#define LET(name, expression)    \
  const val name = (expression); \
  if (name.failed()) return name

namespace mdlc::expr::jsonata {

// Where a program's variables from outside are kept while it runs.
struct root {
  const jsonata::program* program = nullptr;
  val* globals = nullptr;   // as program->globals; `unset` until first asked for
  frame* caller = nullptr;  // of text given to $eval: whose variables it sees
};

// The variables of a block, a function or a tuple.
struct frame {
  frame* up = nullptr;
  jsonata::root* base = nullptr;
  const shape* names = nullptr;
  tuple_node* tuple = nullptr;
  uint32_t size = 0;
  val* slots = nullptr;
};

class evaluator {
 public:
  evaluator(const environment&, const json::value* input);

  base::result<outcome, error> run(const std::shared_ptr<const program>&);

  // What natives need.
  arena& memory() { return memory_; }
  const environment& given() const { return given_; }
  double random();  // [0, 1)
  uint64_t random_bits();
  // Counts work in proportion to data: one step for each `n`. False when the evaluation has to stop (stopped()).
  bool spend(size_t n) {
    if (n >= steps_left_) {
      steps_left_ = 0;
      return false;
    }
    steps_left_ -= n;
    return !memory_.exhausted();
  }
  bool spend_bytes(size_t bytes) { return spend(bytes / 64 + 1); }
  size_t& steps_left() { return steps_left_; }
  val stopped();

  val fail(fault);
  val fail(const char* code) { return fail(fault{.code = code}); }
  val fail(const char* code, const val& value, int index = 0);
  std::optional<json::value> shown(const val&);  // for a fault; cut off where it is large
  bool failing() const { return failure_.has_value(); }

  // Calls a function. T1006 where it is none.
  val apply(const val& function, std::span<const val> arguments, const val& context, frame*);
  // As functions call what they are given: with as many arguments as it takes.
  val apply_to_item(const val& function, const val& a, const val& b, const val& c, frame*);
  static int arity(const val& function);
  // Values that come from outside while this runs, kept as long as it does.
  val keep(json::value);

  val evaluate_text(std::string_view source, const val& context, frame*);  // $eval
  val match_object(std::string_view text, const regex::match&, size_t unit, const function_node&);
  val call_regex(const function_node&, std::string_view text, size_t from, size_t from_unit, bool first);

  // Values.
  val one(const val& item, uint8_t marks);  // an array around it
  val append(const val& a, const val& b);
  val lookup(const val& in, std::string_view name);
  bool truth(const val&);        // may fail: see failing()
  bool is_number(const val& v);  // fails with D1001 for an infinite one
  // The string of a value, as $string has it.
  val to_string(const val&, bool pretty);
  bool equals(const val& a, const val& b);  // counts its work
  // No part of it is shared with what may be changed. `as_json`: as text and back, which is what $clone does.
  val copied(const val&, bool as_json);
  bool to_json(const val&, json::value& out);  // false: too large
  val native_value(const definition&);

 private:
  // A path's items on their way from step to step: one item, or those of an array.
  struct flow {
    val v;
    bool one;
    bool failed() const { return v.failed(); }
  };

  val eval(const node& n, const val& input, frame* f) {
    const val v = eval_raw(n, input, f);
    return v.is_array() && v.has(tuple_stream) ? contexts(v) : v;
  }
  val eval_raw(const node&, const val& input, frame*);
  val eval_kind(const node&, const val& input, frame*);
  val predicates_and_group(const node&, val, frame*);

  // evaluate_path.cc
  val path(const node&, const val& input, frame*);
  flow step(const node&, const flow& in, frame*, bool last);
  val step_item(const node&, const val& item, frame*);
  val filter(const node& test, val input, frame*, bool in_tuples);
  bool keep_by_place(const val& places, size_t size, size_t at, list& kept, const val& item);
  val finished(const node& path, flow, frame*);
  val wildcard(const val& input);
  bool flatten(const val&, list&);
  val descendants(const val& input);
  bool descend(const val&, list&);
  val sorted(const node&, const val& items, frame*, bool in_tuples);
  // evaluate_tuples.cc
  val tuples(const node& path, size_t from, const flow& in, frame*);
  val tuple_step(const node&, const val& in, bool started, frame*);
  val number_tuples(const val& tuples, const std::string* name);
  val contexts(const val& tuples);
  frame* tuple_frame(const val& tuple_or_item, frame* up);
  tuple_node* extended(const tuple_node*, size_t more);
  val reduced(const val& tuples);
  // evaluate_group.cc
  val group(const node& members, const val& input, frame*, bool in_tuples);
  val single_object(const node& members, const val& input, frame*);
  // evaluate_operator.cc
  val binary(const node&, const val& input, frame*);
  val arithmetic(const node&, const val& a, const val& b);
  val comparison(const node&, const val& a, const val& b);
  val range(const node&, const val& a, const val& b);
  val includes(const val& a, const val& b);
  val concat(const val& a, const val& b);
  val negate(const node&, const val& input, frame*);
  val array(const node&, const val& input, frame*);
  val fail_at(const node&, fault);
  // evaluate_function.cc
  val variable(const node&, const val& input, frame*);
  val global(uint32_t index, root&);
  val named(std::string_view name, frame*);
  val block(const node&, const val& input, frame*);
  val call_node(const node&, const val& input, frame*, const val* first);
  void name_failure(const node& call);
  val tail_call_node(const node&, const val& input, frame*);
  val partial(const node&, const val& input, frame*);
  val apply_node(const node&, const val& input, frame*);
  val apply_call(const val& function, std::span<const val> arguments, const val& context, frame*);
  val apply_once(const val& function, std::span<const val> arguments, const val& context, frame*);
  val call_lambda(const function_node&, std::span<const val> arguments);
  val call_native(const definition&, std::span<const val> arguments, const val& context, frame*);
  val call_host(const definition&, std::span<const val> arguments);
  val call_partial(const function_node&, std::span<const val> arguments, const val& context, frame*);
  val transform(const node&, const val& input, frame* home, frame*);
  val change(const node&, const val& match, frame* home);
  bool write_json(const val&, std::string& out, bool pretty, size_t level);
  bool write_members(const val&, std::string& out, bool pretty, size_t level);
  bool copy_out(const val&, json::value& out, size_t& room);
  val misfit(const signature::misfit&);
  val function_value(function_node);
  frame* new_frame(const shape&, frame* up);
  void release(frame*);

  const environment& given_;
  const library& functions_;
  val input_;
  arena memory_;
  size_t steps_left_;
  size_t depth_left_;
  std::optional<fault> failure_;
  // A call that is to be made once the function that makes it has been left.
  val pending_;
  std::vector<val> pending_arguments_;
  const node* pending_call_ = nullptr;
  std::vector<frame*> spare_frames_;
  std::vector<std::shared_ptr<const program>> programs_;
  std::vector<std::unique_ptr<json::value>> kept_;
  std::deque<std::string> own_codes_;  // of a host's errors
  uint64_t random_state_;
};

// The first number that a generator of that seed gives.
double random_of_seed(uint64_t seed);

}  // namespace mdlc::expr::jsonata
