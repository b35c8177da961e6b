// JSONPath as AWS Step Functions speaks it: Jayway's dialect.
//
//   $.a.b  $['a']['b']  $[0]  $[-1]  $[1:3]  $[0,2]  $['a','b']  $.*  $[*]  $..a  $..*  $[?(@.x > 1 && @.y =~ /z.*/i)]
//   and functions at the end: .length() .size() .min() .max() .avg() .sum() .stddev() .keys() .first() .last()
//   .index(n)
//
// Pure. Every evaluation is bounded by `limits`.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace mdlc::expr::jsonpath {

inline constexpr size_t max_path_bytes = 8 * 1024;
inline constexpr int max_filter_depth = 32;

struct limits {
  size_t visits = 1'000'000;  // values looked at in one evaluation
};

// Why nothing was found. `message` has Jayway's words.
struct miss {
  enum class reason { no_result, index_out_of_range, wrong_type, exceeded };
  reason why;
  std::string message;
};

// What was found: a place in the root (a definite path), or a value made for the purpose (an array of all matches, a
// function's result).
class found {
 public:
  static found at(const json::value& place) {
    found out;
    out.place_ = &place;
    return out;
  }
  static found made(json::value v) {
    found out;
    out.made_ = std::move(v);
    return out;
  }
  // Lives as long as this and the root.
  const json::value& get() const { return place_ ? *place_ : made_; }
  json::value take() && {
    if (place_) return *place_;
    return std::move(made_);
  }

 private:
  found() = default;
  const json::value* place_ = nullptr;
  json::value made_;
};

struct step;  // steps.h

class path {
 public:
  // Text that begins with '$'. Errors say what is wrong in words for the definition's author.
  static base::result<path> parse(std::string_view text);

  const std::string& text() const { return text_; }
  // Names at most one place: no wildcard, slice, union, filter or descent.
  bool is_definite() const { return definite_; }
  // A reference path: definite, and without a function; where ResultPath may write.
  bool is_reference() const;
  // Brackets and quotes: $['a'][0]. As Jayway's messages show it.
  std::string canonical() const;

  // The name of the step at `index`, or null if it is none or no plain name. For those that know what stands there.
  const std::string* name_at(size_t index) const;
  size_t size() const { return steps_.size(); }

  // Follows the steps after the first `skip` ones from `root`. An indefinite path that matches nothing finds [].
  base::result<found, miss> evaluate(const json::value& root, size_t skip = 0, const limits& = {}) const;

  // `into` with `v` at the place, objects made on the way as needed; nothing if a step does not fit what is there.
  // REQUIRES is_reference().
  bool put(json::value& into, json::value v) const;

 private:
  std::string text_;
  std::vector<std::shared_ptr<const step>> steps_;
  bool definite_ = true;
};

}  // namespace mdlc::expr::jsonpath
