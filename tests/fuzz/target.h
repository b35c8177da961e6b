// A fuzz target: any bytes go in, nothing may crash, hang, leak or break a promise. Links with clang's libFuzzer
// (`./dev fuzz`) or with driver.cc (ctest).
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "json/value.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace mdlc::fuzz {

inline constexpr size_t max_input_bytes = 8 * 1024;

// What is promised and does not hold ends the process, as a crash does.
inline void promise(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline void promise_text(std::string_view s, const char* what) { promise(base::to_utf8(s) == s, what); }

// What expressions look at: the text behind the input's first line where that is JSON, else one of ours.
struct question {
  std::string expression;  // UTF-8, as what a definition holds is
  json::value document;
};

inline question question_of(std::string_view input) {
  static const json::value ours = *json::parse(
      R"({"a": [1, 2, -3.5, "x", null, [4, [5]]], "b": {"c": {"d": "text"}, "e": true}, "s": "Hello, wörld", "n": 7,
          "big": 123456789012345678, "list": [{"k": "p", "v": 1}, {"k": "q", "v": 2}, {"k": "p"}]})");
  auto line = input.find('\n');
  if (line == input.npos) return {base::to_utf8(input), ours};
  auto given = json::parse(input.substr(line + 1));
  return {base::to_utf8(input.substr(0, line)), given ? std::move(*given) : ours};
}

}  // namespace mdlc::fuzz
