// Amazon Resource Names.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mdlc::base {

// arn:partition:service:region:account:resource, where resource may itself hold ':' and '/'.
struct arn {
  std::string partition = "aws";
  std::string service;
  std::string region;
  std::string account;
  std::string resource;

  std::string str() const;
};

result<arn> parse_arn(std::string_view);

// The account and region that begin every key (IAM has no region, bucket names are global).
struct scope {
  std::string account;
  std::string region;

  std::string arn(std::string_view service, std::string_view resource) const;
  auto operator<=>(const scope&) const = default;
};

inline constexpr std::string_view default_account = "000000000000";
inline constexpr std::string_view default_region = "us-east-1";

}  // namespace mdlc::base
