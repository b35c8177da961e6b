// AlgorithmSpecification.ContainerEntrypoint: a command of the request's own that runs in the image in place of what
// the image runs. So trains ModelTrainer of the SageMaker Python SDK: its driver, and the user's code, are channels.
#pragma once

#include "services/sagemaker/run.h"

namespace mdlc::services::sagemaker {

bool has_entry_point(const job&);

// Makes `image` what runs the command, in the environment that its scripts have; pip works there, for this job alone.
// The job's input is placed already. Errors and early returns are those of prepare_script (scripts.h).
base::result<void> prepare_entry_point(run&, image&);

}  // namespace mdlc::services::sagemaker
