// What a supervisor feeds a channel's pipes with (runner/feed.h), from S3.
#pragma once

#include "services/sagemaker/run.h"

namespace mdlc::services::sagemaker {

// Leaves in `folder`, which is made, the records that an S3DataSource gives: an object each, in the order of the keys
// or of the manifest; of an augmented manifest, for each line what the attributes give in their order. An error is the
// customer's.
base::result<void> prepare_feed(run&, const json::value& source, const sys::path& folder);

}  // namespace mdlc::services::sagemaker
