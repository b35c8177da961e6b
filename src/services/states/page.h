// Pages of lists: an opaque token says after which row the next page begins.
#pragma once

#include <optional>
#include <string>

#include "api/error.h"

namespace mdlc::services::states {

inline constexpr int64_t page_rows_default = 100;
inline constexpr int64_t page_rows_max = 1000;

struct page {
  int64_t rows = page_rows_default;
  std::string after;  // empty at the start

  // For lists by row id, newest first: only rows with smaller ids are left.
  int64_t before() const;
};

// The number that a text of ours begins with, else 0.
int64_t number_of(std::string_view text);

// AWS takes 0 as "the default". Refuses InvalidToken.
api::answer<page> page_of(const std::optional<int64_t>& max_results, const std::optional<std::string>& next_token);
std::string token_after(std::string_view position);

}  // namespace mdlc::services::states
