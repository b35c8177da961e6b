// SageMaker: training, processing and batch transform jobs, models, really done.
//
// A job is a row (job.h) that a thread of the queue (queue.h) carries through its phases; its program runs under a
// supervisor of its own (runner/job.h) and outlives this server.
#pragma once

#include <memory>

#include "api/host.h"
#include "runner/image_table.h"
#include "services/sagemaker/queue.h"
#include "services/sagemaker/tuning.h"

namespace mdlc::services::sagemaker {

class service : public api::service {
 public:
  explicit service(api::host&);
  // Takes up the jobs that a restart interrupted, and removes the folders of those that ended.
  void resume() override;
  void stop() override {
    tunings.stop();
    jobs.stop();
  }

  sys::path folder_of(const job&) const;

  api::host& host;
  const runner::image_table images;
  queue jobs;
  tuner tunings;
};

// Migrates the tables, registers the operations.
std::unique_ptr<api::service> make(api::host&);

}  // namespace mdlc::services::sagemaker
