// What a map run gives: its children's outputs as the state's result, or as files in S3 with a manifest.
#pragma once

#include <functional>

#include "api/host.h"
#include "services/states/map_run.h"

namespace mdlc::services::states {

// A results file is closed and the next begun once it has so many bytes.
inline constexpr int64_t result_file_bytes_max = 256 * 1024 * 1024;

// Puts a blob of the host's store as an object. `record` runs in the transaction in which it becomes one.
using put_object = std::function<api::answer<void>(const std::string& bucket, const std::string& key, const blob::ref&,
                                                   const std::function<void(store::transaction&)>& record)>;
// Inputs of children that were never begun, one a call, as JSON; false: no more.
using pending_inputs = std::function<base::result<bool>(std::string& input)>;

// The children's outputs in the order of their items, as `writer` (of the plan; null: none) of the `state` says. An
// error is the state's: States.DataLimitExceeded where they are larger than a payload may be.
base::result<std::string, asl::failure> collect_results(api::host&, const map_run_row&, const json::value* writer,
                                                        std::string_view state);

// Writes the files that the row does not have yet, and the manifest; the result that names it. REQUIRES: no child runs.
base::result<std::string, asl::failure> export_results(api::host&, const map_run_row&, const json::value& writer,
                                                       const put_object&, const pending_inputs&);

}  // namespace mdlc::services::states
