// A training job's checkpoints: what earlier jobs left below CheckpointConfig.S3Uri is there when the program begins,
// and what it leaves is there for later ones, whatever its end. AWS uploads while the program runs; here it is done
// when it has ended, or was stopped.
#pragma once

#include "services/sagemaker/run.h"

namespace mdlc::services::sagemaker {

// Where the program finds them; nothing if the job has none.
std::optional<std::string> checkpoint_place(const job&);

// The objects as files of the program's own, in ml/checkpoints of the job's folder. An error is the customer's.
base::result<void> fetch_checkpoints(run&);

// Every file is put once. An error is the customer's.
base::result<void> store_checkpoints(run&);

}  // namespace mdlc::services::sagemaker
