// Metrics out of what a training program prints.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"
#include "sys/files.h"

namespace mdlc::services::sagemaker {

// Takes the log a piece at a time; each metric's last value counts.
class metric_reader {
 public:
  static constexpr size_t series_max = 1000;

  // `definitions`: [{"Name", "Regex"}], null where there are none. A regular expression that cannot be compiled finds
  // nothing. With `is_builtin`, also XGBoost's own lines: "…#011validation-rmse:1.5" is validation:rmse;
  // and those of AWS's other algorithms: "#quality_metric: …, validation mse <loss>=1.5" is validation:mse.
  metric_reader(const json::value* definitions, bool is_builtin);
  ~metric_reader();
  void read_line(std::string_view);
  // Of this one, all values are kept, up to series_max.
  void follow(std::string name) { followed_ = std::move(name); }
  const std::vector<double>& series() const { return series_; }
  // FinalMetricDataList, all with that time.
  json::array results(int64_t at_ms) const;

 private:
  struct definition;
  void read_algorithm_line(std::string_view line);
  void keep(const std::string& name, double value);

  std::vector<definition> definitions_;
  bool is_builtin_;
  std::string followed_;
  std::vector<double> series_;
  std::vector<std::pair<std::string, double>> last_;
};

// Reads a job's log to a reader of metrics, line by line, going on where it stopped. One thread.
class metric_log {
 public:
  explicit metric_log(sys::path job_folder) : folder_(std::move(job_folder)) {}
  // The lines that were ended since.
  void read_lines(metric_reader&);
  // Those, and the last one without an end: nothing follows any more.
  void read_to_end(metric_reader&);

 private:
  sys::path folder_;
  std::string pending_;
  int64_t offset_ = 0;
};

}  // namespace mdlc::services::sagemaker
