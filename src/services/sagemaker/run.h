// One job in the hands of the thread that carries it: its row in memory, the changes to it, and the calls that it makes
// as its role.
#pragma once

#include <set>

#include "runner/confine.h"
#include "runner/job.h"
#include "services/sagemaker/images.h"
#include "services/sagemaker/log_shipper.h"
#include "services/sagemaker/queue.h"
#include "services/sagemaker/service.h"

namespace mdlc::services::sagemaker {

class run {
 public:
  run(service&, job, control&);
  run(const run&) = delete;

  service& s;
  job j;  // as last read or written
  control& steering;

  // One commit: the row as it is now, changed by `change`, written back. Tells the event bus if the status changed.
  void edit(const std::function<void(job&)>& change);
  void enter(phase, std::string secondary, std::string message);
  void end(std::string status, std::string secondary, std::string message);
  // Failed, with SageMaker's prefix in the reason ("ClientError: …").
  void fail(std::string reason);
  // Stopped, or MaxRuntimeExceeded.
  void end_stopped();

  // A call as the job's role; its effect is nobody else's.
  api::answer<json::value> call(std::string_view service, std::string_view operation, json::object input);
  // The same, keeping the streamed body of the answer.
  api::answer<json::value> call(std::string_view service, std::string_view operation, json::object input,
                                std::optional<blob::slice>& body);
  // PutObject of a blob; `mark` runs in the very commit that makes the object.
  api::answer<void> publish(const std::string& bucket, const std::string& key, const blob::ref& content,
                            const std::function<void(store::transaction&)>& mark);
  // The outputs that were marked as published, for jobs that publish many; forgotten at the job's end.
  std::set<std::string> outputs() const;
  void forget_outputs();
  int64_t now_ms() const { return base::to_ms(s.host.env.now()); }
  const std::string& role() const { return role_; }  // ARN; may be empty
  const sys::path& folder() const { return folder_; }
  api::context context() const;
  runner::identity owner() const { return runner::identity_for(j.id); }

  // Starts the job's program if it never began, waits until it ended, and ships its log meanwhile. Nothing if the
  // server shuts down.
  // `at_times` is called now and then meanwhile.
  std::optional<runner::job_state> await_end(log_shipper&, const std::function<void()>& at_times = {});
  // Begins it if it never began; false with the job failed if that cannot be done.
  bool begin_program() { return begin_program(folder()); }
  // The same of a job's other program, in a folder of its own.
  bool begin_program(const sys::path& folder);

  // It is the job's turn: staging, with a log stream of its own.
  void begin_turn(std::string message);
  // A job that is running but whose program never began goes back to staging if the machine went down since: the
  // staged folder may have lost files that were not synced.
  bool stage_again_after_reboot();
  bool is_asked_to_stop() const { return steering.stop_asked() || j.progress.stop_asked; }
  // All of the above may be called from one thread at a time; these from any: call, publish, context, folder, role.

 private:
  bool has_rebooted() const;

  const std::string role_;
  const sys::path folder_;
  api::context context_;
  std::optional<runner::outcome> outcome_;  // of the program that was awaited; the next edit writes its times
};

// In the commit that makes the object.
void mark_output(store::transaction&, const std::string& job_id, const std::string& key);
void unmark_output(store::transaction&, const std::string& job_id, const std::string& key);

// Until the job ended or the server shuts down.
void run_job(service&, const job_key&, control&);
void run_training(run&);
void run_transform(run&);
void run_processing(run&);

// What every program finds in its environment, then `image`, then the job's own.
std::vector<std::pair<std::string, std::string>> environment_of(run&, const image&, const json::value* of_request,
                                                                bool with_credentials);

// `folder`/relative, if nothing on the way is a link or leads up: whoever wrote there may have meant us to follow it.
std::optional<sys::path> real_path(const sys::path& folder, const sys::path& relative);

// An empty folder for the job, with `ml` the program's own.
base::result<void> make_job_folder(run&);
// The folder that the program's user owns.
base::result<void> make_owned(const sys::path&, const runner::identity&);

}  // namespace mdlc::services::sagemaker
