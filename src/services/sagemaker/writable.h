// What a job may change although it is shared: files of its input, and the Python environment of its image. Programs
// that were written for a container of their own do both.
#pragma once

#include "services/sagemaker/run.h"

namespace mdlc::services::sagemaker {

// The files in `folder`, which are links to S3's own bytes, become copies that belong to the job. Only then may it be
// bound to be written. An error is the whole FailureReason.
base::result<void> own_files(run&, const sys::path& folder);

// Lets `image`, which sees an environment (prepare_environment in scripts.h), see a layer of the job's own over it,
// into which pip installs (runner/environment_layer.h). Nothing happens if it sees none.
base::result<void> add_layer(run&, image&);

}  // namespace mdlc::services::sagemaker
