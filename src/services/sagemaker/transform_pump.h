// The working part of a batch transform: objects in, requests to the model server side by side, answers in order, one
// output an object. Memory is bounded by the number of requests in flight and their size.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "http/client.h"
#include "services/sagemaker/data_processing.h"
#include "services/sagemaker/inputs.h"
#include "services/sagemaker/records.h"
#include "services/sagemaker/run.h"

namespace mdlc::services::sagemaker {

struct transform_settings {
  std::string content_type;  // may be empty
  std::string accept;        // may be empty
  splitting split;
  bool assemble_lines = false;  // AssembleWith Line
  size_t concurrency = 1;
  int64_t timeout_ms = 600'000;
  int retries = 3;
  data_processing processing;
  s3_place output;
  sys::path socket;
};

class transform_pump {
 public:
  transform_pump(run& r, const transform_settings& settings, log_shipper& log)
      : run_(r), job_id_(r.j.id), set_(settings), log_(log) {}

  enum class end {
    done,         // each object has its output, or has failed
    interrupted,  // the job is to stop, or the server shuts down
    server_gone,  // the model server ended
  };
  end pump(const std::vector<input_object>&);

  // Of the objects that failed; empty where none did. SageMaker's reason.
  std::string failure() const { return failure_; }

 private:
  struct piece {  // of one object; the last one of it has no batch
    size_t object = 0;
    int64_t number = 0;
    std::optional<batch> content;
    std::string error;  // instead
  };
  struct result {
    std::string output;
    std::string error;
    bool is_customers = false;
  };
  static result refusal_of(std::string why) { return {{}, std::move(why), true}; }

  void work();
  std::optional<piece> take();
  piece read_piece();
  result invoke(http::client&, const batch&);
  result send(http::client&, const std::string& body, http::response&);
  base::result<std::string> assemble(const batch&, const http::response&) const;
  base::result<std::string> process(const batch&, const http::response&) const;
  void deliver(const piece&, result);
  void finish(const piece&, result);
  void publish(const input_object&);
  void fail_object(size_t object, const result&);
  void abandon(end why);
  bool server_runs();

  run& run_;
  const std::string job_id_;
  const transform_settings& set_;
  log_shipper& log_;
  const std::vector<input_object>* objects_ = nullptr;

  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  end end_ = end::done;
  bool is_over_ = false;
  std::exception_ptr thrown_;
  std::vector<http::client*> clients_;
  // Reading: one thread at a time.
  bool is_reading_ = false;
  size_t object_ = 0;
  std::optional<record_reader> reader_;
  int64_t next_number_ = 0;
  // Writing: one thread at a time.
  bool is_writing_ = false;
  std::chrono::steady_clock::time_point shipped_{};
  std::map<int64_t, std::pair<piece, result>> ready_;
  int64_t written_ = 0;
  std::set<size_t> failed_;
  std::unique_ptr<blob::writer> writer_;
  std::string failure_;
};

}  // namespace mdlc::services::sagemaker
