#include "services/sagemaker/metrics.h"

#include <cmath>
#include <cstdlib>

#include <re2/re2.h>

#include "runner/job.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr size_t log_read_bytes = 1 << 20;
constexpr std::string_view builtin_mark = "#011";  // a tab, as SageMaker's logs show it

std::optional<double> number(std::string_view text) {
  const std::string copy{text};
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  if (copy.empty() || end != copy.c_str() + copy.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// "train mse_objective" of a line "#quality_metric: host=algo-1, epoch=0, train mse_objective <loss>=0.5" as AWS's
// metric definitions for its own algorithms name it: train:objective_loss.
std::string quality_name(std::string_view channel, std::string_view metric, bool is_final) {
  if (metric.ends_with("_objective"))
    return fmt::format("{}:objective_loss{}", channel, channel == "train" && is_final ? ":final" : "");
  // What follows in digits is a setting: binary_f_1.000, macro_f_1.000, multiclass_top_k_accuracy_3.
  const auto last = metric.rfind('_');
  const bool has_setting = last != std::string_view::npos && last + 1 < metric.size() &&
                           metric.find_first_not_of("0123456789.", last + 1) == std::string_view::npos;
  if (!has_setting) return fmt::format("{}:{}", channel, metric);
  metric = metric.substr(0, last);
  return fmt::format("{}:{}{}", channel, metric, metric.ends_with("_f") ? "_beta" : "");
}

}  // namespace

struct metric_reader::definition {
  std::string name;
  std::unique_ptr<re2::RE2> expression;
};

metric_reader::metric_reader(const json::value* definitions, bool is_builtin) : is_builtin_(is_builtin) {
  if (!definitions || !definitions->is_array()) return;
  re2::RE2::Options options;
  options.set_log_errors(false);
  for (const auto& d : definitions->get_array()) {
    auto compiled = std::make_unique<re2::RE2>(std::string{json::text(d, "Regex")}, options);
    if (compiled->ok() && compiled->NumberOfCapturingGroups() >= 1)
      definitions_.push_back({std::string{json::text(d, "Name")}, std::move(compiled)});
  }
}

metric_reader::~metric_reader() = default;

void metric_reader::read_line(std::string_view line) {
  for (const auto& d : definitions_) {
    std::string group;
    if (!re2::RE2::PartialMatch(re2::StringPiece(line.data(), line.size()), *d.expression, &group)) continue;
    if (auto value = number(group)) keep(d.name, *value);
  }
  if (!is_builtin_ || !line.starts_with('[')) return;
  if (line.find("#quality_metric") != std::string_view::npos || line.find("#progress_metric") != std::string_view::npos)
    return read_algorithm_line(line);
  for (auto at = line.find(builtin_mark); at != std::string_view::npos; at = line.find(builtin_mark)) {
    line.remove_prefix(at + builtin_mark.size());
    const auto one = line.substr(0, line.find(builtin_mark));
    const auto dash = one.find('-'), colon = one.rfind(':');
    if (dash == std::string_view::npos || colon == std::string_view::npos || colon < dash) continue;
    if (auto value = number(one.substr(colon + 1)))
      keep(fmt::format("{}:{}", one.substr(0, dash), one.substr(dash + 1, colon - dash - 1)), *value);
  }
}

void metric_reader::read_algorithm_line(std::string_view line) {
  static const re2::RE2 quality{R"(#quality_metric: host=\S+, (epoch=\S+, )?(\S+) (\S+) <(?:loss|score)>=(\S+))"};
  static const re2::RE2 progress{R"(#progress_metric: host=\S+, completed (\S+) %)"};
  const re2::StringPiece text(line.data(), line.size());
  std::string epoch, channel, metric, value;
  if (re2::RE2::PartialMatch(text, quality, &epoch, &channel, &metric, &value)) {
    if (const auto parsed = number(value)) keep(quality_name(channel, metric, epoch.empty()), *parsed);
  } else if (re2::RE2::PartialMatch(text, progress, &value)) {
    if (const auto parsed = number(value)) keep("train:progress", *parsed);
  }
}

void metric_reader::keep(const std::string& name, double value) {
  if (name == followed_ && series_.size() < series_max) series_.push_back(value);
  for (auto& [known, last] : last_)
    if (known == name) {
      last = value;
      return;
    }
  last_.emplace_back(name, value);
}

json::array metric_reader::results(int64_t at_ms) const {
  json::array out;
  for (const auto& [name, value] : last_)
    out.push_back(
        json::object{{"MetricName", name}, {"Value", value}, {"Timestamp", static_cast<double>(at_ms) / 1000}});
  return out;
}

void metric_log::read_lines(metric_reader& reader) {
  while (true) {
    auto piece = runner::read_log(folder_, offset_, log_read_bytes);
    if (!piece || piece->empty()) return;
    offset_ += static_cast<int64_t>(piece->size());
    pending_ += *piece;
    size_t begun = 0;
    for (size_t end; (end = pending_.find('\n', begun)) != std::string::npos; begun = end + 1)
      reader.read_line(std::string_view{pending_}.substr(begun, end - begun));
    pending_.erase(0, begun);
    if (pending_.size() > log_read_bytes) pending_.clear();  // a line that long holds no metric
  }
}

void metric_log::read_to_end(metric_reader& reader) {
  read_lines(reader);
  if (!pending_.empty()) reader.read_line(std::exchange(pending_, {}));
}

}  // namespace mdlc::services::sagemaker
