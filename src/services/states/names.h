// Names and ARNs of Step Functions, and AWS's words when they are not right.
#pragma once

#include <string>
#include <string_view>

#include "api/error.h"
#include "base/arn.h"

namespace mdlc::services::states {

// arn:aws:states:REGION:ACCOUNT:stateMachine:NAME[:QUALIFIER]; the qualifier is a version's number or an alias.
struct machine_arn {
  base::scope scope;
  std::string name;
  std::string qualifier;

  bool is_version() const;
  bool is_alias() const { return !qualifier.empty() && !is_version(); }
  std::string unqualified() const;
  std::string str() const;
};

struct execution_arn {
  base::scope scope;
  std::string machine;
  std::string name;
  bool is_express = false;
};

// Refuse InvalidArn.
api::answer<machine_arn> parse_machine_arn(std::string_view);
api::answer<execution_arn> parse_execution_arn(std::string_view);
api::answer<machine_arn> parse_activity_arn(std::string_view);  // its qualifier is empty
api::answer<void> check_role_arn(std::string_view);

std::string machine_arn_of(const base::scope&, std::string_view name);
std::string activity_arn_of(const base::scope&, std::string_view name);
std::string execution_arn_of(const base::scope&, std::string_view machine, std::string_view name);
// An express execution's has a part of its own, since names may recur.
std::string express_arn_of(const base::scope&, std::string_view machine, std::string_view name, std::string_view id);

// 1 to 80 characters of machines, activities and executions, without those that AWS forbids. Refuses InvalidName.
inline constexpr size_t name_characters_max = 80;
api::answer<void> check_name(std::string_view);

tl::unexpected<api::error> no_such_machine(std::string_view arn);
tl::unexpected<api::error> no_such_execution(std::string_view arn);
tl::unexpected<api::error> no_such_activity(std::string_view arn);

}  // namespace mdlc::services::states
