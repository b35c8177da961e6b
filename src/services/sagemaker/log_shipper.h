// Carries what a job's program prints to CloudWatch Logs, each line once: how far it got stands in the job's row,
// written in the commit of the lines themselves.
#pragma once

#include <string>

#include "json/value.h"
#include "sys/files.h"

namespace mdlc::services::sagemaker {

class run;

inline constexpr size_t log_batch_bytes = 4 << 20;  // of a log at a time

struct log_batch {
  json::array events;
  size_t taken = 0;  // bytes of the log
};
// From the text's beginning as much as one PutLogEvents carries: whole lines, and with `all` a last one that is not
// ended.
log_batch next_log_batch(std::string_view text, bool all, int64_t now_ms);

// A program of the job's, where it has several.
struct log_source {
  sys::path folder;      // runner/job.h
  size_t number = 0;     // from 0; the row keeps a place in its log for each
  std::string stream{};  // below the job's; empty where the job's is its own
};

class log_shipper {
 public:
  explicit log_shipper(run&);
  log_shipper(run& r, log_source from) : run_(r), from_(std::move(from)) {}
  // Whole lines; at the program's end (`all`) also a last one that is not ended.
  void ship(bool all);
  // A line of our own, in a stream beside the program's.
  void say(std::string_view stream_suffix, std::string_view line);

 private:
  bool make_stream(const std::string& name);
  std::string stream() const;

  run& run_;
  log_source from_;
  std::string made_;  // the stream that exists
  bool is_off_ = false;
};

}  // namespace mdlc::services::sagemaker
