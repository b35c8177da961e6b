// SageMaker's errors, in its words.
#pragma once

#include "api/error.h"
#include "services/sagemaker/job.h"

namespace mdlc::services::sagemaker {

using refusal = tl::unexpected<api::error>;

refusal invalid(std::string message);  // ValidationException
refusal job_exists(const job_key&);
refusal no_such_job(const job_key&);
refusal no_such_model(const base::scope&, std::string_view name);

}  // namespace mdlc::services::sagemaker
