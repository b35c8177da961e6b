#include "services/sagemaker/paging.h"

#include "json/value.h"

namespace mdlc::services::sagemaker {
namespace {

bool matches(const listed& l, const page& p) {
  if (!p.name_contains.empty() && l.name.find(p.name_contains) == std::string::npos) return false;
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

// A place in the order, not a number: what is new in front of it or gone from there moves nobody.
api::answer<std::optional<listed>> read_token(const std::optional<std::string>& token) {
  if (!token || token->empty()) return std::nullopt;
  const auto text = base::from_base64(*token);
  const auto parts = text ? json::parse(*text) : base::fail("");
  if (!parts || !parts->is_array() || parts->get_array().size() != 3) return invalid("Invalid NextToken");
  const auto& [name, status, created_ms] = std::tie(parts->at(0), parts->at(1), parts->at(2));
  if (!name.is_string() || !status.is_string() || !created_ms.is_int64()) return invalid("Invalid NextToken");
  return listed{.name = std::string{json::view(name.get_string())},
                .status = std::string{json::view(status.get_string())},
                .created_ms = created_ms.get_int64()};
}

std::vector<listed> cut(std::vector<listed> all, const page& p, std::optional<std::string>& next_token) {
  const auto has_other_status = [&](const listed& l) { return !p.status.empty() && l.status != p.status; };
  const auto in_order = [&](const listed& a, const listed& b) {
    return p.is_descending ? comes_before(b, a, p) : comes_before(a, b, p);
  };
  std::erase_if(all, [&](const listed& l) { return !matches(l, p) || (!p.cuts_before_status && has_other_status(l)); });
  std::sort(all.begin(), all.end(), in_order);
  if (p.after) all.erase(all.begin(), std::upper_bound(all.begin(), all.end(), *p.after, in_order));
  if (all.size() > p.size) {
    all.resize(p.size);
    const auto& last = all.back();
    next_token = base::to_base64(json::print(json::array{last.name, last.status, last.created_ms}));
  }
  std::erase_if(all, has_other_status);
  return all;
}

}  // namespace mdlc::services::sagemaker
