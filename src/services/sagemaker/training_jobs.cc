// Create, Describe, List and Stop of training jobs.
#include "services/sagemaker/channels.h"
#include "services/sagemaker/jobs.h"
#include "services/sagemaker/operations.h"

namespace mdlc::services::sagemaker {
namespace {

api::answer<void> check(const model::CreateTrainingJobRequest& in) {
  if (!in.AlgorithmSpecification) return invalid("AlgorithmSpecification is required.");
  const auto& algorithm = *in.AlgorithmSpecification;
  if (algorithm.TrainingImage.has_value() == algorithm.AlgorithmName.has_value())
    return invalid("You must specify either TrainingImage or AlgorithmName, and not both.");
  if (!in.ResourceConfig) return invalid("ResourceConfig is required.");
  return {};
}

}  // namespace

api::answer<model::CreateTrainingJobResponse> create_training_job(service& s, api::call& c,
                                                                  const model::CreateTrainingJobRequest& in) {
  MDLC_CHECK(check(in));
  auto request = to_json(in).as_object();
  MDLC_CHECK(check_channels(request));
  auto j = new_job(s, c.context, kind::training, in.TrainingJobName, std::move(request));
  return c.commit([&](store::transaction& t) -> api::answer<model::CreateTrainingJobResponse> {
    MDLC_CHECK(add_job(s, t, j, in.Tags));
    return model::CreateTrainingJobResponse{j.key.arn()};
  });
}

api::answer<model::DescribeTrainingJobResponse> describe_training_job(service& s, api::call& c,
                                                                      const model::DescribeTrainingJobRequest& in) {
  MDLC_TRY(auto j, s.host.db.read([&](store::reader& r) {
    return need_job(r, {c.context.scope, kind::training, in.TrainingJobName});
  }));
  model::DescribeTrainingJobResponse out;
  from_json(json::value(describe(j)), out);
  return out;
}

api::answer<model::ListTrainingJobsResponse> list_training_jobs(service& s, api::call& c,
                                                                const model::ListTrainingJobsRequest& in) {
  MDLC_TRY(auto p, page_of(in, in.SortBy.value_or("CreationTime")));
  p.cuts_before_status = in.MaxResults.has_value();
  // No job here keeps its instances warm, or has a plan.
  if (in.WarmPoolStatusEquals || in.TrainingPlanArnEquals) return model::ListTrainingJobsResponse{};
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListTrainingJobsResponse> {
    model::ListTrainingJobsResponse out;
    for (const auto& j : list_jobs(r, c.context.scope, kind::training, p, out.NextToken)) {
      model::TrainingJobSummary one;
      one.TrainingJobName = j.key.name;
      one.TrainingJobArn = j.key.arn();
      one.CreationTime = base::from_ms(j.created_ms);
      one.LastModifiedTime = base::from_ms(j.modified_ms);
      if (j.progress.ended_ms) one.TrainingEndTime = base::from_ms(*j.progress.ended_ms);
      one.TrainingJobStatus = j.status;
      one.SecondaryStatus = j.secondary();
      out.TrainingJobSummaries.push_back(std::move(one));
    }
    return out;
  });
}

api::answer<model::StopTrainingJob::output> stop_training_job(service& s, api::call& c,
                                                              const model::StopTrainingJobRequest& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::StopTrainingJob::output> {
    MDLC_CHECK(ask_to_stop(s, t, {c.context.scope, kind::training, in.TrainingJobName}));
    return model::StopTrainingJob::output{};
  });
}

}  // namespace mdlc::services::sagemaker
