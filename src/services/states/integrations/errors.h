// How an API's refusal reads in a workflow: the names of exceptions in AWS's SDK for Java, and the words around causes.
#pragma once

#include <string>
#include <string_view>

#include "services/states/integrations/integration.h"

namespace mdlc::services::states::integrations {

// How a service's errors are named.
struct error_style {
  std::string prefix;      // "DynamoDB"
  std::string base;        // of what the model does not know: "AmazonDynamoDBException"
  std::string service;     // in the cause: "AmazonDynamoDBv2"
  bool first_sdk = false;  // "(Service: X; Status Code: …; Error Code: …; Request ID: …; Proxy: null)"
};

// The second SDK's, which `aws-sdk:` uses: S3.NoSuchKeyException, "(Service: S3, Status Code: 404, Request ID: …)".
error_style sdk_style(const wire::service&);

failure failure_of(const wire::service&, const error_style&, const api::error&, std::string_view request_id);

// NoSuchKey → NoSuchKeyException, if the service's model has such an error.
std::optional<std::string> exception_name(const wire::service&, std::string_view code);

// Result of a task from `States.Runtime`: parameters that do not fit.
failure unsupported_fields(const json::value& parameters, const std::vector<std::string>& names);

}  // namespace mdlc::services::states::integrations
