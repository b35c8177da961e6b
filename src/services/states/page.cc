#include "services/states/page.h"

#include <charconv>
#include <limits>

#include "base/bytes.h"

namespace mdlc::services::states {
namespace {

constexpr std::string_view token_mark = "1:";  // format

}  // namespace

api::answer<page> page_of(const std::optional<int64_t>& max_results, const std::optional<std::string>& next_token) {
  page out;
  if (max_results && *max_results > 0) out.rows = std::min(*max_results, page_rows_max);
  if (next_token) {
    auto text = base::from_base64(*next_token);
    if (!text || !text->starts_with(token_mark)) return api::refuse("InvalidToken", "Invalid Token: 'Invalid token'");
    out.after = text->substr(token_mark.size());
  }
  return out;
}

int64_t page::before() const { return after.empty() ? std::numeric_limits<int64_t>::max() : number_of(after); }

int64_t number_of(std::string_view text) {
  int64_t n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

std::string token_after(std::string_view position) { return base::to_base64(std::string{token_mark}.append(position)); }

}  // namespace mdlc::services::states
