// S3: buckets and objects on the AWS wire protocol.
//
// An object is one row that points to one blob (blob/store.h); a copy is another row that points to the same blob. A
// blob that no row points to any more is removed after the commit, or by the sweep at the next start. The parts of a
// multipart upload are put together into one blob when it is completed, on the calling thread before the commit, so
// that every object is one file: after GetObject in-process, call.reply.body->whole() can be linked or bind-mounted for
// a job.
#pragma once

#include <atomic>
#include <memory>

#include "api/host.h"

namespace mdlc::services::s3 {

class service : public api::service {
 public:
  explicit service(api::host& h) : host(h) {}
  // Removes the blobs that a crash left behind.
  void resume() override;
  void stop() override { stopping_ = true; }

  api::host& host;

 private:
  std::atomic<bool> stopping_{false};
};

// Migrates the tables, registers the operations.
std::unique_ptr<api::service> make(api::host&);

}  // namespace mdlc::services::s3
