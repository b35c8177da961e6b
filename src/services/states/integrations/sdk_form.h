// Between the normal form of our operations and the names that workflows write: members begin with a capital, whatever
// the API's own model has (StateMachineArn for stateMachineArn), and what AWS's SDK for Java makes of values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"
#include "wire/shape.h"

namespace mdlc::services::states::integrations {

// How times are shown: AWS's optimised integrations give milliseconds, `aws-sdk:` gives text.
enum class times { milliseconds, iso8601 };

// Parameters to input. A string that is given as an object, a list, a number or a boolean is its JSON; null is absent.
// Members that the API lacks are left out and, with nothing else, named in `unknown`.
json::value to_input(const wire::shape&, const json::value& parameters, std::vector<std::string>& unknown);

// An operation's answer to a task's result. Blobs become text.
json::value to_result(const wire::shape&, const json::value& output, times);

// The names in `parameters` that `shape` lacks, without regard to values; "X.$" counts as X.
void find_unknown(const wire::shape&, const json::value& parameters, std::vector<std::string>& unknown);

// A service's name in Java's SDK, from its id: DynamoDB → DynamoDb, SFN → Sfn, CloudWatch Logs → CloudWatchLogs.
std::string sdk_name(std::string_view service_id);

}  // namespace mdlc::services::states::integrations
