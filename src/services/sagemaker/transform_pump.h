// The working part of a batch transform: objects in, requests to the model servers side by side, answers in order, one
// output an object. Memory is bounded by the number of requests in flight and their size.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "services/sagemaker/data_processing.h"
#include "services/sagemaker/inputs.h"
#include "services/sagemaker/pipeline.h"
#include "services/sagemaker/records.h"
#include "services/sagemaker/transform_servers.h"

namespace mdlc::services::sagemaker {

struct transform_settings {
  pipeline_request request;
  splitting split;
  bool assemble_lines = false;  // AssembleWith Line
  // An object is one request, passed on as it is read, and so is its answer: both may be larger than memory.
  bool is_streamed = false;
  size_t concurrency = 1;
  int64_t timeout_ms = 600'000;  // of a request, through all containers
  int retries = 3;
  data_processing processing;
  s3_place output;
};

class transform_pump {
 public:
  transform_pump(run& r, const transform_settings& settings, transform_servers& servers)
      : run_(r), job_id_(r.j.id), set_(settings), servers_(servers) {}

  enum class end {
    done,         // each object has its output, or has failed
    interrupted,  // the job is to stop, or the server shuts down
    server_gone,  // a model server ended
  };
  end pump(const std::vector<input_object>&);

  // Of the objects that failed; empty where none did. SageMaker's reason.
  std::string failure() const { return failure_; }

 private:
  enum class kind { records, stream, last, broken };
  struct piece {  // of one object, which ends with one that is `last` or `broken`
    kind what = kind::last;
    size_t object = 0;
    int64_t number = 0;
    batch content{};      // records
    std::string error{};  // broken: why
    bool is_sent() const { return what == kind::records || what == kind::stream; }
  };
  struct refusal {
    bool is_customers = false;
    bool is_final = false;  // another try would be the same
    std::string headline;   // SageMaker's, for the data log
    std::string message{};  // the model's own
  };
  struct result {
    std::string output{};
    std::unique_ptr<blob::writer> streamed{};  // instead, all of the object's output
    std::optional<refusal> failed{};
  };
  using containers = std::vector<http::client>;
  static refusal customers(std::string why) { return {true, true, "ClientError: " + std::move(why)}; }
  static refusal refused(const http::response&);
  static refusal unanswered(const base::error& why);

  void work();
  std::optional<piece> take();
  piece read_piece();
  bool await_turn(int64_t number);
  void leave_turn();
  void give_up_turn(int64_t number);
  result ask(containers&, const piece&);
  result invoke(containers&, const piece&);
  std::optional<refusal> retried(const std::function<std::optional<refusal>()>& once);
  std::optional<refusal> pass_through(containers&, const std::string& body, http::response&);
  std::optional<refusal> stream(http::client&, const input_object&, std::unique_ptr<blob::writer>&);
  bool pause(int64_t ms);
  base::result<std::string> filtered(const batch&) const;
  base::result<std::string> assemble(const batch&, http::response) const;
  base::result<std::string> process(const batch&, const http::response&) const;
  std::vector<std::string_view> text_records(const batch&, std::string_view type) const;
  void deliver(piece, result);
  void finish(const piece&, result);
  void publish(size_t object);
  void fail_object(size_t object, const refusal&);
  void abandon(end why);
  std::unique_ptr<blob::writer> stage();

  run& run_;
  const std::string job_id_;
  const transform_settings& set_;
  transform_servers& servers_;
  const std::vector<input_object>* objects_ = nullptr;

  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  end end_ = end::done;
  bool is_over_ = false;
  std::exception_ptr thrown_;
  std::set<http::client*> clients_;
  // Reading: one thread at a time.
  bool is_reading_ = false;
  size_t object_ = 0;
  bool is_stream_taken_ = false;  // of object_
  std::optional<record_reader> reader_;
  int64_t next_number_ = 0;
  // Sending: in order, as many at once as is said.
  std::set<int64_t> unsent_;
  size_t sending_ = 0;
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
