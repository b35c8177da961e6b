// Files that a job's program left, as objects: each is put once, whatever restarts meanwhile.
#pragma once

#include <set>

#include "services/sagemaker/inputs.h"

namespace mdlc::services::sagemaker {

// Puts every file of `root`/relative below `to` but those that `published` (run::outputs) names; each is marked as
// `name`/path in the commit that makes the object. No folder: nothing to do. Links are not followed. An error is the
// customer's; files before it are published.
base::result<void> upload_folder(run&, const sys::path& root, const sys::path& relative, const s3_place& to,
                                 std::string_view name, const std::set<std::string>& published);

}  // namespace mdlc::services::sagemaker
