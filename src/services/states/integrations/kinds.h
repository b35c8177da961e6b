// The kinds of integrations, for the catalogue alone.
#pragma once

#include <map>
#include <memory>

#include "services/states/integrations/integration.h"

namespace mdlc::services::states::integrations {

std::unique_ptr<integration> make_aws_sdk(const api::registry&);
std::unique_ptr<integration> make_lambda(const api::registry&);
std::map<std::string, std::unique_ptr<integration>> make_optimised(const api::registry&);

// "createTrainingJob.sync" → "createTrainingJob".
std::string_view operation_of(const asl::task&);

// The parameters as a JSON value; an empty object where there are none.
const json::value& parameters_of(const asl::task&);

// Parameters to the input of an operation, or the failure of a task whose parameters the API does not have.
outcome<call> call_with_parameters(const api::registry::entry&, const asl::task&);

// What optimised integrations add to an answer: SdkHttpMetadata and SdkResponseMetadata.
void add_sdk_metadata(json::value& result, std::string_view request_id);

}  // namespace mdlc::services::states::integrations
