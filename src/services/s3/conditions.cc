#include "services/s3/conditions.h"

#include <charconv>

#include "services/s3/errors.h"

namespace mdlc::services::s3 {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// The name of the condition that does not hold, and whether it is one of those that answer 304 to a Get.
struct failed_condition {
  std::string_view header;
  bool is_unchanged;
};

std::optional<failed_condition> first_failed(const read_conditions& want, const object& o) {
  if (want.if_match) {
    if (!etag_matches(*want.if_match, o.etag)) return failed_condition{"If-Match", false};
  } else if (want.if_unmodified_since && o.modified > *want.if_unmodified_since) {
    return failed_condition{"If-Unmodified-Since", false};
  }
  if (want.if_none_match) {
    if (etag_matches(*want.if_none_match, o.etag)) return failed_condition{"If-None-Match", true};
  } else if (want.if_modified_since && o.modified <= *want.if_modified_since) {
    return failed_condition{"If-Modified-Since", true};
  }
  return std::nullopt;
}

}  // namespace

std::string_view unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') return etag.substr(1, etag.size() - 2);
  return etag;
}

bool etag_matches(std::string_view header, std::string_view etag) {
  while (!header.empty()) {
    auto comma = header.find(',');
    auto one = trimmed(header.substr(0, comma));
    if (one == "*" || unquoted(one) == etag) return true;
    if (comma == header.npos) break;
    header.remove_prefix(comma + 1);
  }
  return false;
}

api::answer<void> check_read(const read_conditions& want, const object& o) {
  auto failed = first_failed(want, o);
  if (!failed) return {};
  if (failed->is_unchanged) return refuse_with("NotModified", "Not Modified", 304, {});
  return precondition_failed(failed->header);
}

api::answer<void> check_copy_source(const read_conditions& want, const object& o) {
  if (auto failed = first_failed(want, o))
    return precondition_failed(fmt::format("x-amz-copy-source-{}", failed->header));
  return {};
}

api::answer<void> check_write(const std::optional<std::string>& if_match,
                              const std::optional<std::string>& if_none_match, std::string_view key,
                              const std::optional<object>& now) {
  bool exists = now && !now->is_marker;
  if (if_none_match) {
    if (trimmed(*if_none_match) != "*") return not_implemented("If-None-Match");
    if (exists) return precondition_failed("If-None-Match");
  }
  if (if_match) {
    if (!exists) return no_such_key(key);
    if (!etag_matches(*if_match, now->etag)) return precondition_failed("If-Match");
  }
  return {};
}

api::answer<std::optional<range>> parse_range(const std::optional<std::string>& header, int64_t size) {
  constexpr std::string_view unit = "bytes=";
  std::optional<range> all;
  if (!header || !header->starts_with(unit)) return all;
  std::string_view text = trimmed(std::string_view(*header).substr(unit.size()));
  auto dash = text.find('-');
  if (dash == text.npos || text.find(',') != text.npos) return all;
  auto first = number(text.substr(0, dash)), last = number(text.substr(dash + 1));
  auto unsatisfiable = [&] {
    return refuse_with("InvalidRange", "The requested range is not satisfiable", 416,
                       {{"RangeRequested", *header}, {"ActualObjectSize", std::to_string(size)}});
  };
  if (dash == 0) {  // the last bytes
    if (!last) return all;
    if (*last == 0 || size == 0) return unsatisfiable();
    int64_t count = std::min(*last, size);
    return std::optional(range{size - count, count});
  }
  if (!first || (!last && dash + 1 < text.size()) || (last && *last < *first)) return all;
  if (*first >= size) return unsatisfiable();
  int64_t end = last ? std::min(*last, size - 1) : size - 1;
  return std::optional(range{*first, end - *first + 1});
}

}  // namespace mdlc::services::s3
