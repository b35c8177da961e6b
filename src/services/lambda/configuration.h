// A function's configuration: what requests say, checked, with Lambda's defaults.
#pragma once

#include "services/lambda/model.h"
#include "services/lambda/names.h"

namespace mdlc::services::lambda {

inline constexpr int64_t default_timeout_s = 3;
inline constexpr int64_t timeout_s_max = 900;
inline constexpr int64_t default_memory_mb = 128;
inline constexpr int64_t memory_mb_min = 128;
inline constexpr int64_t memory_mb_max = 10'240;
inline constexpr int64_t default_storage_mb = 512;
inline constexpr int64_t storage_mb_max = 10'240;
inline constexpr size_t environment_bytes_max = 4096;  // names and values together

// All but code, version, revision and time. Refuses what Lambda refuses, and what is not served here (images, layers,
// runtimes other than Python's).
api::answer<model::FunctionConfiguration> make_configuration(const function_name&, const model::CreateFunctionRequest&);
// Changes what the request names.
api::answer<void> change_configuration(model::FunctionConfiguration&, const model::UpdateFunctionConfigurationRequest&);

// Whether functions of that runtime can be run here: each Python's is, by the one interpreter there is.
bool is_python(std::string_view runtime);

}  // namespace mdlc::services::lambda
