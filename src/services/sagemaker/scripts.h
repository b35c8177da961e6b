// Script mode: a training job runs the user's own script in a framework's environment, as AWS's training toolkit does.
// The hyperparameters sagemaker_program and sagemaker_submit_directory name it; the others become its arguments.
#pragma once

#include "services/sagemaker/run.h"

namespace mdlc::services::sagemaker {

// Whether the job's image and hyperparameters mean a script.
bool runs_script(const job&, const image&);

// Unpacks the code into the job's folder, makes its environment (which may take as long as pip does; log and
// transitions say so), and makes `image` what runs it. The job's input is placed already. An error is the whole
// FailureReason. Returns early, with the job still staging, when somebody wants its attention, and with it ended when
// its time was up.
base::result<void> prepare_script(run&, image&);

// Makes the environment of `f` and of the requirements.txt in `code`, if there is one, and lets `image` see it, first
// on its PATH. As prepare_script says of errors and of early returns; false: it returned early.
base::result<bool> prepare_environment(run&, image&, const framework& f, const sys::path& code);

// FailureReason of a script that failed without writing /opt/ml/output/failure.
std::string script_failure(run&, const runner::outcome&);

}  // namespace mdlc::services::sagemaker
