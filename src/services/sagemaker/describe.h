// A job as Describe… answers it.
#pragma once

#include "services/sagemaker/job.h"

namespace mdlc::services::sagemaker {

// In normal form.
json::object describe(const job&);

// An event of ours: `description` with its times in milliseconds, as EventBridge carries it, and the request's tags.
api::event event_of(const base::scope&, std::string_view title, std::string arn, int64_t at_ms,
                    json::object description, const json::object& request);

// The event that tells of the job's change, as EventBridge carries it.
api::event change_of(const job&);

}  // namespace mdlc::services::sagemaker
