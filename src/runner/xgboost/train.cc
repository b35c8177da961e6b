#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <unistd.h>

#include "json/value.h"
#include "runner/xgboost/builtin.h"
#include "runner/xgboost/channel.h"
#include "runner/xgboost/hyperparameters.h"
#include "runner/xgboost/library.h"

namespace mdlc::runner::xgboost {
namespace {

constexpr size_t failure_bytes_max = 1024;  // what SageMaker keeps of a reason

struct failure {
  int exit_code;
  std::string message;
};
template <class T>
using attempt = base::result<T, failure>;

tl::unexpected<failure> customers_fault(std::string message) {
  return tl::unexpected(failure{exit_customers_fault, std::move(message)});
}

// libxgboost's words about data and parameters are the customer's to mend; about anything else they are ours.
tl::unexpected<failure> library_failure(const base::error& e) {
  static constexpr std::string_view about_input[] = {
      "label must be",     "Label contains NaN", "base_score", "num_class",     "value 0 for Parameter",
      "Invalid Parameter", "is not a valid",     "Parameter",  "only contains", "must be",
      "Unknown objective", "Unknown metric",     "feature",    "The option"};
  for (auto words : about_input)
    if (e.message.find(words) != std::string::npos) return customers_fault(e.message);
  return tl::unexpected(failure{exit_algorithm_failed, "XGB train call failed with exception:\n " + e.message});
}

volatile std::sig_atomic_t stop_asked = 0;

void say(std::string_view line) {
  char stamp[32];
  const std::time_t now = std::time(nullptr);
  std::tm parts;
  std::strftime(stamp, sizeof stamp, "%Y-%m-%d:%H:%M:%S", gmtime_r(&now, &parts));
  fmt::print("[{}:INFO] {}\n", stamp, line);
  std::fflush(stdout);
}

base::result<json::object> read_object(const sys::path& file) {
  MDLC_TRY(auto text, sys::read_file(file));
  MDLC_TRY(auto value, json::parse(text));
  if (!value.is_object()) return base::fail(file.string() + " holds no object");
  return value.get_object();
}

struct metric {
  std::string name;  // "validation-rmse"
  double value;
};

// Of "[3]\ttrain-rmse:0.12\tvalidation-rmse:0.34".
std::vector<metric> read_metrics(std::string_view line) {
  std::vector<metric> found;
  for (auto tab = line.find('\t'); tab != std::string_view::npos; tab = line.find('\t')) {
    line.remove_prefix(tab + 1);
    const auto one = line.substr(0, line.find('\t'));
    const auto colon = one.rfind(':');
    if (colon == std::string_view::npos) continue;
    found.push_back(
        {std::string{one.substr(0, colon)}, std::strtod(std::string{one.substr(colon + 1)}.c_str(), nullptr)});
  }
  return found;
}

// The last metric over the last data set decides, as in XGBoost itself.
class early_stopping {
 public:
  explicit early_stopping(std::optional<int> rounds) : rounds_(rounds) {}

  bool wants_end(int round, const metric& m) {
    if (!rounds_) return false;
    const auto dash = m.name.find('-');
    const bool better = !best_ || (is_maximized(m.name.substr(dash + 1)) ? m.value > *best_ : m.value < *best_);
    if (better) {
      best_ = m.value;
      best_round_ = round;
    }
    return round - best_round_ >= *rounds_;
  }
  bool is_on() const { return rounds_ && best_; }
  int best_round() const { return best_round_; }
  double best() const { return *best_; }

 private:
  std::optional<int> rounds_;
  std::optional<double> best_;
  int best_round_ = 0;
};

class trainer {
 public:
  explicit trainer(const sys::path& root) : root_(root) {}

  attempt<void> run() {
    auto given = read_object(root_ / "input" / "config" / "hyperparameters.json");
    auto channels = read_object(root_ / "input" / "config" / "inputdataconfig.json");
    if (!given || !channels)
      return tl::unexpected(failure{exit_algorithm_failed, "the job's configuration cannot be read"});
    auto checked = check_hyperparameters(*given);
    if (!checked) return customers_fault(checked.error().message);
    parameters_ = *std::move(checked);
    save_when_stopped_ = json::text(*given, "save_model_on_termination") == "true";
    MDLC_TRY(train_, read(*channels, "train"));
    if (channels->contains("validation")) {
      MDLC_TRY(validation_, read(*channels, "validation"));
      if (validation_->features != train_->features)
        return customers_fault(
            fmt::format("Feature size of validation data {} is not consistent with feature size of train data {}",
                        validation_->features, train_->features));
    }
    MDLC_TRY(auto model, boost());
    if (stop_asked && !save_when_stopped_) return {};
    return write(model);
  }

 private:
  attempt<data_set> read(const json::object& channels, std::string_view name) {
    const auto* described = channels.if_contains(name);
    if (!described) return customers_fault(fmt::format("Missing required channels: ['{}']", name));
    const auto content_type = json::text(*described, "ContentType");
    auto format = content_type.empty() ? data_format::libsvm : find_format(content_type);
    if (!format) return customers_fault(format.error().message);
    auto set = read_channel(root_ / "input" / "data" / name, *format, parameters_.csv_weights,
                            train_ ? std::optional{train_->features} : std::nullopt);
    if (!set) return customers_fault(set.error().message);
    say(fmt::format("{} matrix has {} rows and {} columns", name == "train" ? "Train" : "Validation", set->rows,
                    set->features));
    return std::move(*set);
  }

  attempt<booster> boost() {
    std::vector<const matrix*> matrices{&train_->data};
    std::vector<const char*> names{"train"};
    if (validation_) {
      matrices.push_back(&validation_->data);
      names.push_back("validation");
    }
    auto made = booster::make(matrices);
    if (!made) return library_failure(made.error());
    for (const auto& [name, value] : parameters_.library)
      if (auto set = made->set(name, value); !set) return library_failure(set.error());
    for (const auto& m : parameters_.eval_metrics)
      if (auto set = made->set("eval_metric", m); !set) return library_failure(set.error());
    early_stopping stopping{parameters_.early_stopping_rounds};
    for (int round = 0; round < parameters_.num_round && !stop_asked; ++round) {
      if (auto updated = made->update(round, train_->data); !updated) return library_failure(updated.error());
      auto line = made->evaluate(round, matrices, names);
      if (!line) return library_failure(line.error());
      const auto metrics = read_metrics(*line);
      report(round, metrics);
      if (!metrics.empty() && stopping.wants_end(round, metrics.back())) break;
    }
    return best_of(*std::move(made), stopping);
  }

  attempt<booster> best_of(booster model, const early_stopping& stopping) {
    if (!stopping.is_on()) return model;
    say(fmt::format("Best iteration {} with {}", stopping.best_round(), stopping.best()));
    // The linear booster keeps no rounds apart.
    for (const auto& [name, value] : parameters_.library)
      if (name == "booster" && value == "gblinear") return model;
    auto sliced = model.first_rounds(stopping.best_round() + 1);
    if (!sliced) return library_failure(sliced.error());
    for (const auto& [name, value] : {std::pair{"best_iteration", std::to_string(stopping.best_round())},
                                      std::pair{"best_score", fmt::format("{}", stopping.best())}})
      if (auto set = sliced->set_attribute(name, value); !set) return library_failure(set.error());
    return *std::move(sliced);
  }

  // The log writes a tab as #011, as SageMaker's does; the metric definitions look for it.
  static void report(int round, const std::vector<metric>& metrics) {
    std::string line = fmt::format("[{}]", round);
    for (const auto& m : metrics) line += fmt::format("#011{}:{:.5f}", m.name, m.value);
    fmt::print("{}\n", line);
    std::fflush(stdout);
  }

  attempt<void> write(const booster& model) {
    auto bytes = model.save("ubj");
    if (!bytes) return library_failure(bytes.error());
    if (auto written = sys::write_file_durably(root_ / "model" / "xgboost-model", *bytes, 0644); !written)
      return tl::unexpected(failure{exit_algorithm_failed, written.error().message});
    return {};
  }

  const sys::path& root_;
  hyperparameters parameters_;
  bool save_when_stopped_ = false;
  std::optional<data_set> train_, validation_;
};

}  // namespace

std::string describe_library() {
  const char* image = std::getenv("MDLC_IMAGE");
  return fmt::format("XGBoost {}, built in{}{}", library_version(), image ? ", for image " : "", image ? image : "");
}

int train(const sys::path& root) {
  std::signal(SIGTERM, [](int) { stop_asked = 1; });
  say(describe_library());
  on_library_message([](const char* line) { say(line); });
  const auto done = trainer{root}.run();
  if (done) return exit_done;
  say(done.error().message);
  const auto reason = std::string_view{done.error().message}.substr(0, failure_bytes_max);
  if (auto told = sys::write_file_durably(root / "output" / "failure", reason, 0644); !told) say(told.error().message);
  return done.error().exit_code;
}

int run(std::string_view command) {
  const sys::path root = "/opt/ml";
  if (command == "train") return train(root);
  if (command == "serve") return serve(root);
  fmt::print(stderr, "usage: mdlc builtin xgboost train|serve\n");
  return exit_customers_fault;
}

}  // namespace mdlc::runner::xgboost
