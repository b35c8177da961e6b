// Carries what a job's program prints to CloudWatch Logs, each line once: how far it got stands in the job's row,
// written in the commit of the lines themselves.
#pragma once

#include <string>

namespace mdlc::services::sagemaker {

class run;

class log_shipper {
 public:
  explicit log_shipper(run& r) : run_(r) {}
  // Whole lines; at the program's end (`all`) also a last one that is not ended.
  void ship(bool all);
  // A line of our own, in a stream beside the program's.
  void say(std::string_view stream_suffix, std::string_view line);

 private:
  bool make_stream(const std::string& name);

  run& run_;
  std::string made_;  // the stream that exists
  bool is_off_ = false;
};

}  // namespace mdlc::services::sagemaker
