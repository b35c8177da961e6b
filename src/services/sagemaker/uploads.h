// Files that a job's program left, as objects: each is put once, whatever restarts meanwhile.
#pragma once

#include <set>

#include "services/sagemaker/inputs.h"

namespace mdlc::services::sagemaker {

// The file's content as a blob that is to become the object `to`. Nothing where `goes_on` says no in between.
base::result<std::optional<blob::ref>> stage_file(run&, int file, const s3_place& to,
                                                  const std::function<bool()>& goes_on = {});
// Makes it the object; `mark` runs in that commit. An error is the customer's.
base::result<void> publish_staged(run&, const blob::ref&, const s3_place& to,
                                  const std::function<void(store::transaction&)>& mark);

// Puts every file of `root`/relative below `to` but those that `published` (run::outputs) names; each is marked as
// `name`/path in the commit that makes the object. No folder: nothing to do. Links are not followed; the program has
// ended, so that none appears on the way. An error is the customer's; files before it are published.
base::result<void> upload_folder(run&, const sys::path& root, const sys::path& relative, const s3_place& to,
                                 std::string_view name, const std::set<std::string>& published);

}  // namespace mdlc::services::sagemaker
