// A job as Describe… answers it.
#pragma once

#include "services/sagemaker/job.h"

namespace mdlc::services::sagemaker {

// In normal form.
json::object describe(const job&);

// The event that tells of the job's change, as EventBridge carries it: times in milliseconds.
api::event change_of(const job&);

}  // namespace mdlc::services::sagemaker
