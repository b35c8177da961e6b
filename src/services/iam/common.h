// What IAM's operations share: keys, paging, tags, policy documents.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "services/iam/model.h"

namespace mdlc::services::iam {

// AWS's quotas.
inline constexpr size_t max_trust_policy_characters = 2048;
inline constexpr size_t max_inline_policy_characters = 10240;  // of a role, all together
inline constexpr size_t max_managed_policy_characters = 6144;
inline constexpr int64_t max_policy_versions = 5;
inline constexpr size_t max_tags = 50;
inline constexpr int64_t max_attached_policies = 10;
inline constexpr int64_t default_page = 100;

std::string key_of(std::string_view name);  // lower case: names are told apart without it

// AROA… or ANPA…, 21 characters.
std::string new_id(std::string_view prefix, sys::env&);

// Characters that are no white space: what AWS counts.
size_t policy_characters(std::string_view document);
// MalformedPolicyDocument unless it is a policy: JSON, with statements that say Effect, and Action and Resource
// (`trust`: Principal and Action).
api::answer<void> check_policy(std::string_view document, bool trust);

using tags = std::vector<model::Tag>;
std::string print_tags(const tags&);
tags parse_tags(std::string_view);
// With `more` put over `old`; InvalidInput for a key that comes twice, LimitExceeded above max_tags.
api::answer<tags> merge_tags(tags old, const tags& more);

// A page's beginning: rows whose key is greater. InvalidInput for a marker that is none of ours.
api::answer<std::string> start_of(const std::optional<std::string>& marker);
// `rows` were read with a limit of one more than the page; cuts, and says where the next begins.
template <class T, class Key>
std::optional<std::string> cut(std::vector<T>& rows, int64_t page, Key key);
std::string print_marker(std::string_view key);

bool is_aws_managed(std::string_view policy_arn);

template <class T, class Key>
std::optional<std::string> cut(std::vector<T>& rows, int64_t page, Key key) {
  if (static_cast<int64_t>(rows.size()) <= page) return std::nullopt;
  rows.resize(static_cast<size_t>(page));
  return print_marker(key(rows.back()));
}

}  // namespace mdlc::services::iam
