#include "services/lambda/worker.h"

#include <unistd.h>

#include <cerrno>

namespace mdlc::services::lambda {
namespace {

constexpr std::string_view task_root = "/var/task";
constexpr std::string_view runtime_root = "/var/runtime";
constexpr int64_t processes_max = 1024;   // threads too; Lambda's bound
constexpr int64_t open_files_max = 1024;  // the same
// RLIMIT_DATA counts what is reserved, such as 8 MiB of stack for each thread, where Lambda counts what is used.
constexpr int64_t memory_headroom_mb = 128;

constexpr size_t read_bytes = 64 * 1024;

}  // namespace

std::string log_group_of(const version& v) {
  if (v.about.LoggingConfig && v.about.LoggingConfig->LogGroup) return *v.about.LoggingConfig->LogGroup;
  return fmt::format("/aws/lambda/{}", v.name);
}

void worker_output::open(sys::descriptor read_end) {
  std::lock_guard lock{mutex_};
  from_ = std::move(read_end);
}

bool worker_output::drain() {
  std::lock_guard lock{mutex_};
  if (!from_) return false;
  char buffer[read_bytes];
  while (true) {
    const ssize_t got = ::read(from_.get(), buffer, sizeof buffer);
    if (got == 0) return false;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    take({buffer, static_cast<size_t>(got)});
  }
}

void worker_output::take(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto newline = bytes.find('\n');
    const auto room = log_event_bytes_max - open_line_.size();
    const auto length = std::min({newline == std::string_view::npos ? bytes.size() : newline + 1, room});
    open_line_.append(bytes.substr(0, length));
    bytes.remove_prefix(length);
    if (open_line_.ends_with('\n') || open_line_.size() >= log_event_bytes_max) line(std::exchange(open_line_, {}));
  }
}

void worker_output::line(std::string_view text) {
  // The runtime interface client writes an event of several lines as one, with carriage returns inside.
  std::string event{text};
  for (size_t i = 0; i + 1 < event.size(); ++i)
    if (event[i] == '\r' && event[i + 1] != '\n') event[i] = '\n';
  tail_ += event;
  if (tail_.size() > 4 * log_tail_bytes) tail_.erase(0, tail_.size() - log_tail_bytes);
  logs_.add(to_, event);
}

void worker_output::say(std::string_view text) {
  drain();
  std::lock_guard lock{mutex_};
  if (!open_line_.empty()) line(std::exchange(open_line_, {}));
  line(text);
}

void worker_output::begin() {
  std::lock_guard lock{mutex_};
  tail_.clear();
}

std::string worker_output::tail() {
  std::lock_guard lock{mutex_};
  return tail_.size() > log_tail_bytes ? tail_.substr(tail_.size() - log_tail_bytes) : tail_;
}

void worker_output::finish() {
  drain();
  std::lock_guard lock{mutex_};
  if (!open_line_.empty()) line(std::exchange(open_line_, {}));
}

runner::program program_of(const version& v, const log_stream& log, const surroundings& around) {
  const auto& about = v.about;
  runner::program p;
  p.argv = {around.interpreter, "-m", "awslambdaric", about.Handler.value_or("")};
  std::map<std::string, std::string> environment;
  if (about.Environment && about.Environment->Variables) environment = *about.Environment->Variables;
  const auto set = [&](const char* name, std::string value) { environment[name] = std::move(value); };
  const auto preset = [&](const char* name, std::string value) { environment.try_emplace(name, std::move(value)); };
  set("_HANDLER", about.Handler.value_or(""));
  set("AWS_LAMBDA_FUNCTION_NAME", v.name);
  set("AWS_LAMBDA_FUNCTION_VERSION", v.label());
  set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(about.MemorySize.value_or(0)));
  set("AWS_LAMBDA_LOG_GROUP_NAME", log.group);
  set("AWS_LAMBDA_LOG_STREAM_NAME", log.name);
  set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
  set("AWS_LAMBDA_RUNTIME_API", fmt::format("127.0.0.1:{}", around.runtime_port));
  set("AWS_REGION", v.scope.region);
  set("AWS_DEFAULT_REGION", v.scope.region);
  set("AWS_ACCESS_KEY_ID", around.access_key);
  set("AWS_SECRET_ACCESS_KEY", around.secret_key);
  set("AWS_SESSION_TOKEN", around.session_token);
  set("LAMBDA_TASK_ROOT", std::string{task_root});
  set("LAMBDA_RUNTIME_DIR", std::string{runtime_root});
  preset("AWS_ENDPOINT_URL", around.endpoint);
  preset("AWS_EXECUTION_ENV", fmt::format("AWS_Lambda_{}", about.Runtime.value_or("")));
  preset("AWS_DISABLE_HOST_PREFIX_INJECTION", "true");
  preset("LANG", "C.UTF-8");
  preset("PATH", "/usr/local/bin:/usr/bin:/bin");
  preset("LD_LIBRARY_PATH", fmt::format("{0}:{0}/lib", task_root));
  preset("PYTHONPATH", std::string{runtime_root});
  preset("TZ", ":UTC");
  if (about.LoggingConfig) {
    preset("AWS_LAMBDA_LOG_FORMAT", about.LoggingConfig->LogFormat.value_or("Text"));
    if (about.LoggingConfig->ApplicationLogLevel)
      preset("AWS_LAMBDA_LOG_LEVEL", *about.LoggingConfig->ApplicationLogLevel);
  }
  p.environment.assign(environment.begin(), environment.end());
  p.binds = {{around.code, std::string{task_root}}, {around.packages, std::string{runtime_root}}};
  p.working_folder = task_root;
  p.host_name = "lambda";
  p.limits.data_bytes = (about.MemorySize.value_or(0) + memory_headroom_mb) << 20;
  p.limits.processes = processes_max;
  p.limits.open_files = open_files_max;
  p.limits.tmp_bytes = about.EphemeralStorage ? about.EphemeralStorage->Size << 20 : p.limits.tmp_bytes;
  p.identity_key = fmt::format("lambda/{}/{}/{}", v.scope.account, v.scope.region, v.name);
  return p;
}

}  // namespace mdlc::services::lambda
