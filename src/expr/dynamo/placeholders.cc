#include "expr/dynamo/placeholders.h"

#include "expr/dynamo/attribute.h"

namespace mdlc::expr::dynamo {
namespace {

constexpr size_t max_name_bytes = 65535;

bool is_key(std::string_view text, char mark) {
  return text.size() > 1 && text[0] == mark && std::all_of(text.begin() + 1, text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

tl::unexpected<error> bad_key(std::string_view parameter, std::string_view key) {
  return refuse(fmt::format("{} contains invalid key: Syntax error; key: \"{}\"", parameter, key));
}

template <class Map>
answer<void> check_used(std::string_view parameter, const Map& given, const std::set<std::string, std::less<>>& used) {
  std::string unused;
  for (const auto& [key, value] : given)
    if (!used.contains(key)) unused += (unused.empty() ? "" : ", ") + key;
  if (unused.empty()) return {};
  return refuse(fmt::format("Value provided in {} unused in expressions: keys: {{{}}}", parameter, unused));
}

}  // namespace

answer<placeholders> placeholders::make(const std::optional<names>& names, const std::optional<values>& values) {
  placeholders out;
  if (names) {
    if (names->empty()) return refuse("ExpressionAttributeNames must not be empty");
    for (const auto& [key, name] : *names) {
      if (!is_key(key, '#')) return bad_key("ExpressionAttributeNames", key);
      if (name.empty() || name.size() > max_name_bytes)
        return refuse(
            fmt::format("ExpressionAttributeNames contains invalid value: Length must be between 1 and {}, "
                        "was {}; for key {}",
                        max_name_bytes, name.size(), key));
    }
    out.names_ = *names;
  }
  if (values) {
    if (values->empty()) return refuse("ExpressionAttributeValues must not be empty");
    out.values_ = *values;
    for (auto& [key, value] : out.values_) {
      if (!is_key(key, ':')) return bad_key("ExpressionAttributeValues", key);
      if (const auto ok = canonicalize(value); !ok)
        return refuse(
            fmt::format("ExpressionAttributeValues contains invalid value: {} for key {}", ok.error().message, key));
    }
  }
  return out;
}

const std::string* placeholders::name(std::string_view key) {
  const auto it = names_.find(std::string(key));
  if (it == names_.end()) return nullptr;
  used_.insert(it->first);
  return &it->second;
}

const json::value* placeholders::value(std::string_view key) {
  const auto it = values_.find(std::string(key));
  if (it == values_.end()) return nullptr;
  used_.insert(it->first);
  return &it->second;
}

answer<void> placeholders::check_all_used() const {
  MDLC_CHECK(check_used("ExpressionAttributeNames", names_, used_));
  return check_used("ExpressionAttributeValues", values_, used_);
}

}  // namespace mdlc::expr::dynamo
