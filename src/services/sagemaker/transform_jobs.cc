// Create, Describe, List and Stop of transform jobs.
#include "services/sagemaker/data_processing.h"
#include "services/sagemaker/jobs.h"
#include "services/sagemaker/models.h"
#include "services/sagemaker/operations.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr int64_t payloads_max_mb = 100;  // MaxConcurrentTransforms × MaxPayloadInMB

api::answer<void> check(const model::CreateTransformJobRequest& in) {
  const auto payload = in.MaxPayloadInMB.value_or(0), side_by_side = in.MaxConcurrentTransforms.value_or(0);
  if (payload > payloads_max_mb)
    return invalid(fmt::format("MaxPayloadInMB must be less than or equal to {}.", payloads_max_mb));
  if (payload > 0 && side_by_side > 0 && payload * side_by_side > payloads_max_mb)
    return invalid(
        fmt::format("The value of (MaxConcurrentTransforms * MaxPayloadInMB) must be less than or equal to {} MB.",
                    payloads_max_mb));
  if (!in.DataProcessing) return {};
  for (const auto& path : {in.DataProcessing->InputFilter, in.DataProcessing->OutputFilter}) {
    auto parsed = filter::parse(path.value_or("$"));
    if (!parsed) return invalid(parsed.error().message);
  }
  return {};
}

}  // namespace

api::answer<model::CreateTransformJobResponse> create_transform_job(service& s, api::call& c,
                                                                    const model::CreateTransformJobRequest& in) {
  MDLC_CHECK(check(in));
  auto j = new_job(s, c.context, kind::transform, in.TransformJobName, to_json(in).as_object());
  return c.commit([&](store::transaction& t) -> api::answer<model::CreateTransformJobResponse> {
    // The model as it is now: what happens to it later is no longer this job's business.
    auto found = find_model(t, c.context.scope, in.ModelName);
    if (!found) return no_such_model(c.context.scope, in.ModelName);
    j.progress.container = *std::move(found);
    MDLC_CHECK(add_job(s, t, j, in.Tags));
    return model::CreateTransformJobResponse{j.key.arn()};
  });
}

api::answer<model::DescribeTransformJobResponse> describe_transform_job(service& s, api::call& c,
                                                                        const model::DescribeTransformJobRequest& in) {
  MDLC_TRY(auto j, s.host.db.read([&](store::reader& r) {
    return need_job(r, {c.context.scope, kind::transform, in.TransformJobName});
  }));
  model::DescribeTransformJobResponse out;
  from_json(json::value(describe(j)), out);
  return out;
}

api::answer<model::ListTransformJobsResponse> list_transform_jobs(service& s, api::call& c,
                                                                  const model::ListTransformJobsRequest& in) {
  MDLC_TRY(auto p, page_of(in, in.SortBy.value_or("CreationTime")));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListTransformJobsResponse> {
    model::ListTransformJobsResponse out;
    for (const auto& j : list_jobs(r, c.context.scope, kind::transform, p, out.NextToken)) {
      model::TransformJobSummary one;
      one.TransformJobName = j.key.name;
      one.TransformJobArn = j.key.arn();
      one.CreationTime = base::from_ms(j.created_ms);
      one.LastModifiedTime = base::from_ms(j.modified_ms);
      if (j.progress.ended_ms) one.TransformEndTime = base::from_ms(*j.progress.ended_ms);
      one.TransformJobStatus = j.status;
      if (!j.progress.failure_reason.empty()) one.FailureReason = j.progress.failure_reason;
      out.TransformJobSummaries.push_back(std::move(one));
    }
    return out;
  });
}

api::answer<model::StopTransformJob::output> stop_transform_job(service& s, api::call& c,
                                                                const model::StopTransformJobRequest& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::StopTransformJob::output> {
    MDLC_CHECK(ask_to_stop(s, t, {c.context.scope, kind::transform, in.TransformJobName}));
    return model::StopTransformJob::output{};
  });
}

}  // namespace mdlc::services::sagemaker
