// Images of the user's own (runner/image_table.h) in a training job: a program that is called as a container's is.
#pragma once

#include "services/sagemaker/run.h"

namespace mdlc::services::sagemaker {

// Copies the program into the job's folder, makes its environment where it is Python or has a
// requirements.txt, and lets `image`, which stands for `uri`, see both. Errors and early returns are those
// of prepare_script (scripts.h).
base::result<void> prepare_own_program(run&, image&, std::string_view uri);

}  // namespace mdlc::services::sagemaker
