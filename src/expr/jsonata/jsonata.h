// JSONata, the query and transformation language: the whole of 2.0 and what 2.1 added (?? and ?:).
//
//   auto e = jsonata::expression::parse("$sum(orders.(price * quantity))");
//   auto r = e->evaluate(&input, {.now = now, .seed = seed});
//
// Pure: the time, chance and variables arrive in `environment`; nothing is read or written elsewhere. An expression is
// immutable; threads may share it and evaluate it at the same time. Every evaluation is bounded by `limits`.
//
// Numbers are doubles. An integer of the input that a double cannot hold comes out as it went in unless it is computed
// with. Members of objects keep the order of their insertion (jsonata-js moves names that look like integers ahead).
// Text is UTF-8; positions and offsets that JSONata shows are in UTF-16 units.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "json/value.h"

namespace mdlc::expr::jsonata {

// Bounds of a source text, at parse. A text past one of them is refused with S0901 or S0902.
inline constexpr size_t max_source_bytes = 1024 * 1024;
inline constexpr size_t max_source_depth = 500;  // nesting of the expression tree
inline constexpr size_t max_arguments = 250;     // of one call
// Bounds of a pattern: of its own nesting, and of what {n,m} makes of it.
inline constexpr size_t max_pattern_depth = 200;
inline constexpr size_t max_pattern_size = 50'000;
// Nesting of arrays and objects that an expression makes; deeper ones fail with D0904. That of the input comes on top.
inline constexpr size_t max_value_depth = 500;

struct limits {
  size_t steps = 20'000'000;                // nodes evaluated, and work of functions in proportion; past it D0901
  size_t depth = 1'500;                     // nodes evaluated within each other; past it D1011
  size_t memory_bytes = 128 * 1024 * 1024;  // of all values made; past it D0903
};

// What went wrong, in JSONata's terms. Codes: S… the text, T… types, D… values. D09… and S09… are ours: bounds.
struct error {
  std::string code;
  std::string message;               // JSONata's words
  size_t position = 0;               // in UTF-16 units; where the token ends, as JSONata counts
  std::string token;                 // the operator, function or name concerned, if any
  std::optional<json::value> value;  // the value concerned, if any

  // "T1006: Attempted to invoke a non-function", as AWS shows it.
  std::string text() const { return code + ": " + message; }
};

struct definition;  // function.h

// The functions that expressions may call. Immutable once it is used; to be kept as long as an evaluation uses it.
class library {
 public:
  // Nothing where the argument or the answer is undefined. Arguments that are functions arrive as nothing.
  using function = std::function<base::result<std::optional<json::value>, error>(
      std::span<const std::optional<json::value>> arguments)>;

  library();  // JSONata's own functions
  ~library();
  library(const library&);
  library& operator=(const library&) = delete;

  // JSONata's own functions, all of them.
  static const library& standard();

  // `name` without '$'; replaces what has that name. `signature` as JSONata writes it (<s-n?:s>), or empty: then
  // arguments come as they are. Fails with S0401 or S0402 where the signature is none. The function must be pure and
  // safe to call from several threads; it bounds its own work.
  base::result<void, error> add(std::string name, std::string_view signature, function);
  // From now on `name` is an unknown variable: to call it is T1006.
  void hide(std::string_view name);

  // Private to this library.
  void add(std::shared_ptr<const definition>);
  const definition* find(std::string_view name) const;

 private:
  struct tables;
  struct bare {};
  explicit library(bare);
  std::unique_ptr<tables> tables_;
};

struct variable_binding {
  std::string_view name;     // without '$'
  const json::value* value;  // lives as long as the evaluation
};

struct environment {
  std::span<const variable_binding> variables{};  // ahead of the library's functions
  const library* functions = nullptr;             // null: library::standard()
  base::time_point now{};                         // what $now() and $millis() answer
  uint64_t seed = 0;                              // of $random() and $shuffle(); the same seed, the same numbers
  limits bounds{};
};

struct outcome {
  enum class kind { value, nothing, function };
  kind what = kind::nothing;
  // The value, if there is one. A function within it is "", as JSONata's $string has it.
  json::value value;
};

// A variable that the expression takes from outside: $states.input.x is {"states", {"input", "x"}}. Functions of the
// library are listed too: whoever asks knows which names are his.
struct reference {
  std::string name;
  std::vector<std::string> path;  // the plain names that follow it
  bool called = false;            // $name(…)
  bool operator==(const reference&) const = default;
};

struct program;  // ast.h

class expression {
 public:
  static base::result<expression, error> parse(std::string_view source);

  // `input` is the context ($ and $$); null where there is none. It and the variables' values must live until this
  // returns; what it answers is a copy.
  base::result<outcome, error> evaluate(const json::value* input, const environment&) const;

  // In the order in which they stand in the text, each once. Text given to $eval is not looked into.
  const std::vector<reference>& references() const;

 private:
  explicit expression(std::shared_ptr<const program> p) : program_(std::move(p)) {}
  std::shared_ptr<const program> program_;
};

}  // namespace mdlc::expr::jsonata
