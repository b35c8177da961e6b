// What a path is made of. Private to this library.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "expr/jsonpath/path.h"

namespace re2 {
class RE2;
}

namespace mdlc::expr::jsonpath {

struct filter;

struct step {
  enum class kind { name, names, wildcard, index, indexes, slice, filter, descend, function };
  kind what = kind::name;
  std::vector<std::string> names{};             // name, names; function: its name
  std::vector<int64_t> indexes{};               // index, indexes; function: its argument
  std::optional<int64_t> from{}, to{};          // slice
  std::shared_ptr<const struct filter> test{};  // filter

  std::string canonical() const;
};

// A filter's expression tree.
struct filter {
  enum class kind { either, both, negate, compare, exists };
  enum class op {
    equal,
    differs,
    less,
    at_most,
    greater,
    at_least,
    matches,
    in,
    not_in,
    subset_of,
    any_of,
    none_of,
    contains,
    size,
    empty
  };
  struct operand {
    enum class kind { literal, path, root_path, pattern };
    kind what = kind::literal;
    json::value literal;
    path where;  // from '@' or '$'
    std::shared_ptr<re2::RE2> pattern;
  };
  kind what = kind::exists;
  op compare_by = op::equal;
  std::vector<filter> parts{};  // either, both, negate
  std::vector<operand> operands{};
};

// Whether `candidate` passes. `visits` counts down; below zero the answer is no and the caller gives up.
bool passes(const filter&, const json::value& candidate, const json::value& root, const limits&);

// A filter's text between "?(" and ")". `at` moves behind it.
base::result<filter> parse_filter(std::string_view text, size_t& at, int depth = 0);

// The value of a function applied to what was found; nothing if it does not apply.
std::optional<json::value> call(const step& function, const json::value& on);

// Equality as Jayway's filters have it: numbers by value.
bool equal_values(const json::value&, const json::value&);

}  // namespace mdlc::expr::jsonpath
