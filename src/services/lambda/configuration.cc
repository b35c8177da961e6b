#include "services/lambda/configuration.h"

#include <array>

#include "json/value.h"

namespace mdlc::services::lambda {
namespace {

// Set by Lambda itself; a function's own variables cannot have these names.
constexpr std::array reserved_variables{
    std::string_view{"_HANDLER"},
    std::string_view{"_X_AMZN_TRACE_ID"},
    std::string_view{"AWS_ACCESS_KEY"},
    std::string_view{"AWS_ACCESS_KEY_ID"},
    std::string_view{"AWS_DEFAULT_REGION"},
    std::string_view{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE"},
    std::string_view{"AWS_LAMBDA_FUNCTION_NAME"},
    std::string_view{"AWS_LAMBDA_FUNCTION_VERSION"},
    std::string_view{"AWS_LAMBDA_INITIALIZATION_TYPE"},
    std::string_view{"AWS_LAMBDA_LOG_GROUP_NAME"},
    std::string_view{"AWS_LAMBDA_LOG_STREAM_NAME"},
    std::string_view{"AWS_LAMBDA_RUNTIME_API"},
    std::string_view{"AWS_REGION"},
    std::string_view{"AWS_SECRET_ACCESS_KEY"},
    std::string_view{"AWS_SECRET_KEY"},
    std::string_view{"AWS_SESSION_TOKEN"},
    std::string_view{"LAMBDA_RUNTIME_DIR"},
    std::string_view{"LAMBDA_TASK_ROOT"},
};

constexpr std::string_view cannot_configure =
    "Lambda was unable to configure your environment variables because the environment variables you have provided ";

api::answer<void> check_variables(const std::map<std::string, std::string>& variables) {
  std::string taken;
  size_t bytes = 0;
  json::object measured;
  for (const auto& [name, value] : variables) {
    if (std::find(reserved_variables.begin(), reserved_variables.end(), name) != reserved_variables.end())
      taken += (taken.empty() ? "" : ", ") + name;
    if (value.find('\0') != std::string::npos)
      return invalid_value(fmt::format("The value of environment variable {} contains a null character", name));
    bytes += name.size() + value.size();
    measured[name] = value;
  }
  if (!taken.empty())
    return invalid_value(
        fmt::format("{}contains reserved keys that are currently not supported for modification. "
                    "Reserved keys used in this request: {}",
                    cannot_configure, taken));
  if (bytes > environment_bytes_max)
    return invalid_value(
        fmt::format("{}exceeded the 4KB limit. String measured: {}", cannot_configure, json::print(measured)));
  return {};
}

api::answer<void> check_at_most(const std::optional<int64_t>& value, std::string_view member, int64_t most) {
  if (value && *value > most)
    return out_of_bounds(std::to_string(*value), member,
                         fmt::format("Member must have value less than or equal to {}", most));
  return {};
}

api::answer<void> check_runtime(std::string_view runtime) {
  if (is_python(runtime)) return {};
  return invalid_value(
      fmt::format("The runtime parameter of {} is not served here: functions are run by python3.11 and its kin. Use a "
                  "Python runtime for the function.",
                  runtime));
}

// What the two requests have in common, under the same names.
template <class In>
api::answer<void> apply(model::FunctionConfiguration& to, const In& in) {
  if (in.Layers && !in.Layers->empty())
    return invalid_value("Layers are not served here: put what the function needs into its own zip file.");
  if (in.ImageConfig) return invalid_value("Functions from container images are not served here: use a zip file.");
  if (in.FileSystemConfigs && !in.FileSystemConfigs->empty())
    return invalid_value("File systems are not served here: a function's own folder is /tmp.");
  if (in.SnapStart && in.SnapStart->ApplyOn == "PublishedVersions")
    return invalid_value("SnapStart is not served here.");
  if (in.Runtime) MDLC_CHECK(check_runtime(*in.Runtime));
  MDLC_CHECK(check_at_most(in.Timeout, "timeout", timeout_s_max));
  MDLC_CHECK(check_at_most(in.MemorySize, "memorySize", memory_mb_max));
  if (in.EphemeralStorage)
    MDLC_CHECK(check_at_most(in.EphemeralStorage->Size, "ephemeralStorage.size", storage_mb_max));
  if (in.Environment && in.Environment->Variables) MDLC_CHECK(check_variables(*in.Environment->Variables));

  if (in.Handler) to.Handler = in.Handler;
  if (in.Runtime) to.Runtime = in.Runtime;
  if (in.Description) to.Description = in.Description;
  if (in.Timeout) to.Timeout = in.Timeout;
  if (in.MemorySize) to.MemorySize = in.MemorySize;
  if (in.DeadLetterConfig) to.DeadLetterConfig = in.DeadLetterConfig;
  if (in.KMSKeyArn) to.KMSKeyArn = in.KMSKeyArn;
  if (in.EphemeralStorage) to.EphemeralStorage = in.EphemeralStorage;
  if (in.TracingConfig) to.TracingConfig = model::TracingConfigResponse{in.TracingConfig->Mode};
  if (in.VpcConfig) {
    to.VpcConfig.emplace();
    to.VpcConfig->SubnetIds = in.VpcConfig->SubnetIds;
    to.VpcConfig->SecurityGroupIds = in.VpcConfig->SecurityGroupIds;
    to.VpcConfig->VpcId = "";
  }
  if (in.Environment) {
    to.Environment.reset();
    if (in.Environment->Variables && !in.Environment->Variables->empty())
      to.Environment = model::EnvironmentResponse{in.Environment->Variables, {}};
  }
  if (in.LoggingConfig) {
    auto& logging = to.LoggingConfig ? *to.LoggingConfig : to.LoggingConfig.emplace();
    if (in.LoggingConfig->LogFormat) logging.LogFormat = in.LoggingConfig->LogFormat;
    if (in.LoggingConfig->LogGroup) logging.LogGroup = in.LoggingConfig->LogGroup;
    if (in.LoggingConfig->ApplicationLogLevel) logging.ApplicationLogLevel = in.LoggingConfig->ApplicationLogLevel;
    if (in.LoggingConfig->SystemLogLevel) logging.SystemLogLevel = in.LoggingConfig->SystemLogLevel;
  }
  return {};
}

model::FunctionConfiguration defaults(const function_name& f) {
  model::FunctionConfiguration out;
  out.FunctionName = f.name;
  out.FunctionArn = f.arn();
  out.Description = "";
  out.Timeout = default_timeout_s;
  out.MemorySize = default_memory_mb;
  out.Version = std::string{latest};
  out.TracingConfig = model::TracingConfigResponse{"PassThrough"};
  out.State = "Active";
  out.LastUpdateStatus = "Successful";
  out.PackageType = "Zip";
  out.Architectures = {"x86_64"};
  out.EphemeralStorage = model::EphemeralStorage{default_storage_mb};
  out.SnapStart = model::SnapStartResponse{"None", "Off"};
  out.LoggingConfig.emplace();
  out.LoggingConfig->LogFormat = "Text";
  out.LoggingConfig->LogGroup = fmt::format("/aws/lambda/{}", f.name);
  return out;
}

}  // namespace

bool is_python(std::string_view runtime) { return runtime.starts_with("python3."); }

api::answer<model::FunctionConfiguration> make_configuration(const function_name& f,
                                                             const model::CreateFunctionRequest& in) {
  if (in.PackageType == "Image")
    return invalid_value("Functions from container images are not served here: use PackageType Zip.");
  if (!in.Runtime || !in.Handler)
    return invalid_value(
        "Runtime and Handler are mandatory parameters for functions created with deployment packages.");
  if (in.Architectures && *in.Architectures != std::vector<std::string>{"x86_64"})
    return invalid_value("This server runs functions of architecture x86_64 only.");
  auto out = defaults(f);
  out.Role = in.Role;
  MDLC_CHECK(apply(out, in));
  return out;
}

api::answer<void> change_configuration(model::FunctionConfiguration& to,
                                       const model::UpdateFunctionConfigurationRequest& in) {
  auto changed = to;
  MDLC_CHECK(apply(changed, in));
  if (in.Role) changed.Role = in.Role;
  to = std::move(changed);
  return {};
}

}  // namespace mdlc::services::lambda
