// Functions as values, and the library's own. Private to this library.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "expr/jsonata/ast.h"
#include "expr/jsonata/val.h"

namespace mdlc::expr::jsonata {

class evaluator;
struct frame;

// One call of a native function. Arguments fit its signature; those left out are nothing.
struct call {
  evaluator& run;
  std::span<const val> arguments;
  val context;
  frame* at;

  val operator[](size_t i) const { return i < arguments.size() ? arguments[i] : val{}; }
};

using native = val (*)(call&);

struct definition {
  std::string name;
  native body = nullptr;
  int arity = 0;  // arguments that it can take, for functions that call it with as many as it wants
  std::optional<signature> declared{};
  library::function host{};  // instead of `body`
};

struct function_node {
  enum class kind { lambda, native, partial, regex, next, transform, chain };
  kind what;
  int arity;
  const node* code = nullptr;        // lambda, transform
  val context{};                     // lambda: $ in its body
  frame* home = nullptr;             // lambda, transform: where it was made
  const definition* body = nullptr;  // native
  // partial: the function, and its arguments with `unset` for holes. chain: two functions.
  val of{};
  std::span<const val> arguments{};
  const regex* pattern = nullptr;  // regex, next
  uint32_t at = 0;                 // regex, next: position in the source
  std::string_view text{};         // next: what is searched
  size_t from = 0, from_unit = 0;  // next: from where
};

// The groups of natives, each with its functions.
std::span<const definition> string_functions();
std::span<const definition> match_functions();
std::span<const definition> encoding_functions();
std::span<const definition> number_functions();
std::span<const definition> array_functions();
std::span<const definition> higher_order_functions();
std::span<const definition> object_functions();
std::span<const definition> date_functions();

// One of them. The signature must be right.
definition native_function(std::string name, std::string_view declared, int arity, native body);

}  // namespace mdlc::expr::jsonata
