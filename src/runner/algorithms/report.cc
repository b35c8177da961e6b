#include "runner/algorithms/report.h"

#include <csignal>
#include <cstdio>
#include <ctime>

#include <fmt/format.h>

#include "runner/xgboost/builtin.h"

namespace mdlc::runner::algorithms {
namespace {

constexpr size_t failure_bytes_max = 1024;  // what SageMaker keeps of a reason

volatile std::sig_atomic_t stopping = 0;

void print(std::string_view level, std::string_view line) {
  char stamp[32];
  const std::time_t now = std::time(nullptr);
  std::tm parts;
  std::strftime(stamp, sizeof stamp, "%m/%d/%Y %H:%M:%S", gmtime_r(&now, &parts));
  fmt::print("[{} {} 1] {}\n", stamp, level, line);
  std::fflush(stdout);
}

base::result<json::object> read_object(const sys::path& file) {
  MDLC_TRY(auto text, sys::read_file(file));
  MDLC_TRY(auto value, json::parse(text));
  if (!value.is_object()) return base::fail(file.string() + " holds no object");
  return value.get_object();
}

int fail(const sys::path& root, int exit_code, std::string_view message) {
  print("ERROR",
        exit_code == xgboost::exit_customers_fault ? fmt::format("Customer Error: {}", message) : std::string{message});
  if (auto told = sys::write_file_durably(root / "output" / "failure", message.substr(0, failure_bytes_max), 0644);
      !told)
    print("ERROR", told.error().message);
  return exit_code;
}

}  // namespace

void say(std::string_view line) { print("INFO", line); }

void say_metric(int epoch, std::string_view channel, std::string_view name, bool is_score, double value) {
  say(fmt::format("#quality_metric: host=algo-1, {}{} {} <{}>={}", epoch < 0 ? "" : fmt::format("epoch={}, ", epoch),
                  channel, name, is_score ? "score" : "loss", value));
}

void say_progress(size_t done, size_t of) {
  say(fmt::format("#progress_metric: host=algo-1, completed {} % of epochs", done * 100 / std::max<size_t>(of, 1)));
}

bool stop_asked() { return stopping != 0; }

base::result<job> job::read(const sys::path& root) {
  job j;
  j.root_ = root;
  MDLC_TRY(j.hyperparameters_, read_object(root / "input" / "config" / "hyperparameters.json"));
  MDLC_TRY(j.channels_, read_object(root / "input" / "config" / "inputdataconfig.json"));
  return j;
}

base::result<data_set> job::read_data(std::string_view channel, bool wants_labels, size_t features) const {
  const auto* described = channels_.if_contains(channel);
  if (!described) return base::fail(fmt::format("Missing required channels: ['{}']", channel));
  MDLC_TRY(const auto type, read_content_type(json::text(*described, "ContentType")));
  MDLC_TRY(auto data, read_channel(root_ / "input" / "data" / channel, type, wants_labels));
  if (features && data.features != features)
    return base::fail(fmt::format("The data of channel '{}' has {} features, where {} are expected", channel,
                                  data.features, features));
  say(fmt::format("Channel {}: {} rows of {} features", channel, data.rows, data.features));
  return data;
}

int run_training(const sys::path& root, const std::function<trained(const job&)>& train) {
  std::signal(SIGTERM, [](int) { stopping = 1; });
  const auto j = job::read(root);
  if (!j) return fail(root, xgboost::exit_algorithm_failed, "the job's configuration cannot be read");
  const auto model = train(*j);
  if (!model) return fail(root, xgboost::exit_customers_fault, model.error().message);
  if (auto written = sys::write_file_durably(root / "model" / model_file, json::print(*model), 0644); !written)
    return fail(root, xgboost::exit_algorithm_failed, written.error().message);
  return xgboost::exit_done;
}

}  // namespace mdlc::runner::algorithms
