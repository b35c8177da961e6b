#include "services/iam/common.h"

#include "base/bytes.h"
#include "sys/env.h"

namespace mdlc::services::iam {
namespace {

using checked = api::answer<void>;

checked malformed(std::string message) { return api::refuse("MalformedPolicyDocument", std::move(message)); }

checked check_statement(const json::value& s, bool trust) {
  if (!s.is_object()) return malformed("Syntax errors in policy.");
  auto effect = json::text(s, "Effect");
  if (effect != "Allow" && effect != "Deny") return malformed("Syntax errors in policy.");
  auto has = [&](std::string_view one, std::string_view other) { return json::find(s, one) || json::find(s, other); };
  if (!has("Action", "NotAction")) return malformed("Policy statement must contain actions.");
  if (trust && !has("Principal", "NotPrincipal")) return malformed("Missing required field Principal");
  if (trust && has("Resource", "NotResource")) return malformed("Has prohibited field Resource");
  if (!trust && !has("Resource", "NotResource")) return malformed("Policy statement must contain resources.");
  if (!trust && has("Principal", "NotPrincipal")) return malformed("Policy document should not specify a principal.");
  return {};
}

}  // namespace

std::string key_of(std::string_view name) {
  std::string out{name};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::string new_id(std::string_view prefix, sys::env& env) {
  std::string out{prefix};
  for (char c : env.random_id(17)) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

size_t policy_characters(std::string_view document) {
  return static_cast<size_t>(std::count_if(document.begin(), document.end(),
                                           [](char c) { return c != ' ' && c != '\t' && c != '\r' && c != '\n'; }));
}

checked check_policy(std::string_view document, bool trust) {
  auto parsed = json::parse(document);
  if (!parsed || !parsed->is_object())
    return malformed(trust ? "This policy contains invalid Json" : "Syntax errors in policy.");
  auto version = json::text(*parsed, "Version", "2012-10-17");
  if (version != "2012-10-17" && version != "2008-10-17") return malformed("Syntax errors in policy.");
  const auto* statements = json::find(*parsed, "Statement");
  if (!statements) return malformed("Syntax errors in policy.");
  if (!statements->is_array()) return check_statement(*statements, trust);
  for (const auto& s : statements->get_array())
    if (auto ok = check_statement(s, trust); !ok) return ok;
  return {};
}

std::string print_tags(const tags& all) {
  json::array out;
  for (const auto& tag : all) out.push_back(json::array{tag.Key, tag.Value});
  return json::print(out);
}

tags parse_tags(std::string_view text) {
  tags out;
  auto parsed = json::parse(text);
  for (const auto& pair : parsed->as_array())
    out.push_back({std::string{json::view(pair.at(0).as_string())}, std::string{json::view(pair.at(1).as_string())}});
  return out;
}

api::answer<tags> merge_tags(tags old, const tags& more) {
  for (size_t i = 0; i < more.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (key_of(more[i].Key) == key_of(more[j].Key))
        return api::refuse("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  for (const auto& tag : more) {
    auto known = std::find_if(old.begin(), old.end(), [&](const auto& o) { return key_of(o.Key) == key_of(tag.Key); });
    if (known == old.end())
      old.push_back(tag);
    else
      *known = tag;
  }
  if (old.size() > max_tags)
    return api::refuse("LimitExceeded",
                       fmt::format("The number of tags has reached the maximum limit of {}.", max_tags), 409);
  return old;
}

api::answer<std::string> start_of(const std::optional<std::string>& marker) {
  if (!marker) return std::string{};
  auto key = base::from_base64(*marker);
  if (!key) return api::refuse("ValidationError", "Invalid Marker.");
  return *std::move(key);
}

std::string print_marker(std::string_view key) { return base::to_base64(key); }

bool is_aws_managed(std::string_view policy_arn) { return policy_arn.starts_with("arn:aws:iam::aws:policy/"); }

}  // namespace mdlc::services::iam
