// SageMaker: training, processing and batch transform jobs, models and their endpoints, really done.
//
// A job is a row (job.h) that a thread of the queue (queue.h) carries through its phases; its program runs under a
// supervisor of its own (runner/job.h) and outlives this server. An endpoint is a row (endpoint.h) that a thread of its
// own keeps true (endpoints.h).
#pragma once

#include <memory>

#include "api/host.h"
#include "runner/image_table.h"
#include "services/sagemaker/queue.h"
#include "services/sagemaker/tuning.h"

namespace mdlc::services::sagemaker {

class endpoints;

class service : public api::service {
 public:
  explicit service(api::host&);
  ~service() override;
  // Takes up the jobs that a restart interrupted, and removes the folders of those that ended.
  void resume() override;
  void stop() override;

  sys::path folder_of(const job&) const;

  api::host& host;
  const runner::image_table images;
  queue jobs;
  tuner tunings;

 private:
  const std::unique_ptr<endpoints> serving_;

 public:
  endpoints& serving_endpoints;
};

// Migrates the tables, registers the operations.
std::unique_ptr<api::service> make(api::host&);

}  // namespace mdlc::services::sagemaker
