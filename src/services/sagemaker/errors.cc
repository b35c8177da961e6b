#include "services/sagemaker/errors.h"

namespace mdlc::services::sagemaker {

refusal invalid(std::string message) { return api::refuse("ValidationException", std::move(message)); }

refusal job_exists(const job_key& key) {
  if (key.what == kind::processing)
    return api::refuse("ResourceInUse",
                       fmt::format("Job name must be unique within an AWS account and region, and a job with this "
                                   "name already exists ({})",
                                   key.arn()));
  return api::refuse("ResourceInUse",
                     fmt::format("{} job names must be unique within an AWS account and region, and a {} job with "
                                 "this name already exists ({})",
                                 title_of(key.what), name_of(key.what), key.arn()));
}

refusal no_such_job(const job_key& key) {
  if (key.what == kind::training) return invalid("Requested resource not found.");
  return invalid(fmt::format("Could not find requested job with name: {}", key.name));
}

refusal no_such_model(const base::scope& scope, std::string_view name) {
  std::string lower{name};
  for (auto& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return invalid(fmt::format("Could not find model \"{}\".", scope.arn("sagemaker", "model/" + lower)));
}

}  // namespace mdlc::services::sagemaker
