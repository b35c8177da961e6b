#include "services/sagemaker/paging.h"

#include <charconv>

namespace mdlc::services::sagemaker {
namespace {

bool matches(const listed& l, const page& p) {
  if (!p.name_contains.empty() && l.name.find(p.name_contains) == std::string::npos) return false;
  if (!p.status.empty() && l.status != p.status) return false;
  if (p.created_after_ms && l.created_ms < *p.created_after_ms) return false;
  if (p.created_before_ms && l.created_ms > *p.created_before_ms) return false;
  if (p.modified_after_ms && l.modified_ms < *p.modified_after_ms) return false;
  return !(p.modified_before_ms && l.modified_ms > *p.modified_before_ms);
}

bool comes_before(const listed& a, const listed& b, const page& p) {
  if (p.sort_by == "Status" && a.status != b.status) return a.status < b.status;
  if (p.sort_by != "Name" && a.created_ms != b.created_ms) return a.created_ms < b.created_ms;
  return a.name < b.name;
}

}  // namespace

api::answer<size_t> read_token(const std::optional<std::string>& token) {
  if (!token || token->empty()) return 0;
  auto text = base::from_base64(*token);
  size_t begin = 0;
  if (text) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), begin);
    if (error == std::errc{} && end == text->data() + text->size()) return begin;
  }
  return invalid("Invalid NextToken");
}

std::vector<listed> cut(std::vector<listed> all, const page& p, std::optional<std::string>& next_token) {
  std::erase_if(all, [&](const listed& l) { return !matches(l, p); });
  std::sort(all.begin(), all.end(), [&](const listed& a, const listed& b) {
    return p.is_descending ? comes_before(b, a, p) : comes_before(a, b, p);
  });
  const size_t begin = std::min(p.begin, all.size()), end = std::min(begin + p.size, all.size());
  if (end < all.size()) next_token = base::to_base64(std::to_string(end));
  return {all.begin() + static_cast<ptrdiff_t>(begin), all.begin() + static_cast<ptrdiff_t>(end)};
}

}  // namespace mdlc::services::sagemaker
