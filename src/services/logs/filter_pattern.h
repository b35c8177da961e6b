// CloudWatch Logs' filter patterns over unstructured messages: words and "quoted phrases" that a message must have,
// ?words of which it must have one, -words that it must not have. Matching knows upper and lower case.
//
// Patterns over JSON ("{ $.x = 1 }"), over columns ("[a, b]") and regular expressions ("%x%") are refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/error.h"

namespace mdlc::services::logs {

class filter_pattern {
 public:
  static api::answer<filter_pattern> parse(std::string_view text);

  bool matches(std::string_view message) const;

 private:
  std::vector<std::string> all_, any_, none_;
};

}  // namespace mdlc::services::logs
