// What the operations on all kinds of jobs have in common.
#pragma once

#include "api/call.h"
#include "services/sagemaker/describe.h"
#include "services/sagemaker/errors.h"
#include "services/sagemaker/paging.h"
#include "services/sagemaker/queue.h"
#include "services/sagemaker/service.h"
#include "services/sagemaker/tags.h"

namespace mdlc::services::sagemaker {

// A row for a request (in normal form), to be inserted.
job new_job(service&, const api::context&, kind, std::string name, json::object request);
// In the call's commit: inserts it, and once that is durable tells the bus and the queue. Refuses a name that is taken.
api::answer<void> add_job(service&, store::transaction&, const job&, const std::optional<std::vector<model::Tag>>&);

api::answer<job> need_job(store::reader&, const job_key&);

// The jobs of a page.
std::vector<job> list_jobs(store::reader&, const base::scope&, kind, const page&,
                           std::optional<std::string>& next_token);

// In the call's commit: asks the job to stop, or ends it where it waits. `done` is to be called once it is durable.
api::answer<void> ask_to_stop(service&, store::transaction&, const job_key&);

}  // namespace mdlc::services::sagemaker
