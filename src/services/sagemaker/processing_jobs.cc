// Create, Describe, List and Stop of processing jobs.
#include "services/sagemaker/jobs.h"
#include "services/sagemaker/operations.h"
#include "services/sagemaker/processing.h"

namespace mdlc::services::sagemaker {
namespace {

// Names once, each folder one input's or one output's, and all of them below processing_root.
class place_check {
 public:
  explicit place_check(std::string_view what) : what_(what) {}

  api::answer<void> add(const std::string& name, bool app_managed, const std::optional<std::string>& local_path) {
    if (!names_.insert(name).second)
      return invalid(fmt::format("{} names must be unique, and {} is given more than once.", what_, name));
    if (app_managed) return {};
    if (!local_path) return invalid(fmt::format("LocalPath is required for the {} {}.", what_, name));
    const auto folder = below_ml(*local_path);
    if (!folder) return invalid(fmt::format("LocalPath {} must begin with {}/.", *local_path, processing_root));
    if (!folders_.insert(folder->string()).second)
      return invalid(fmt::format("LocalPath {} is given more than once.", *local_path));
    return {};
  }

  const std::set<std::string>& folders() const { return folders_; }

 private:
  const std::string_view what_;
  std::set<std::string> names_, folders_;
};

api::answer<void> check(const model::CreateProcessingJobRequest& in) {
  place_check inputs{"ProcessingInput"}, outputs{"ProcessingOutput"};
  for (const auto& i : in.ProcessingInputs.value_or(std::vector<model::ProcessingInput>{})) {
    if (i.S3Input.has_value() == i.DatasetDefinition.has_value())
      return invalid(
          fmt::format("You must specify either S3Input or DatasetDefinition for the ProcessingInput {}, and not both.",
                      i.InputName));
    const auto path = i.S3Input ? i.S3Input->LocalPath : i.DatasetDefinition->LocalPath;
    MDLC_CHECK(inputs.add(i.InputName, i.AppManaged.value_or(false), path));
  }
  if (!in.ProcessingOutputConfig) return {};
  for (const auto& o : in.ProcessingOutputConfig->Outputs) {
    if (o.S3Output.has_value() == o.FeatureStoreOutput.has_value())
      return invalid(fmt::format(
          "You must specify either S3Output or FeatureStoreOutput for the ProcessingOutput {}, and not both.",
          o.OutputName));
    const bool needs_none = o.AppManaged.value_or(false) || !o.S3Output;
    MDLC_CHECK(outputs.add(o.OutputName, needs_none, o.S3Output ? o.S3Output->LocalPath : std::nullopt));
  }
  for (const auto& folder : outputs.folders())
    if (inputs.folders().contains(folder))
      return invalid(fmt::format("LocalPath /opt/ml/{} cannot be an input's and an output's.", folder));
  return {};
}

}  // namespace

api::answer<model::CreateProcessingJobResponse> create_processing_job(service& s, api::call& c,
                                                                      const model::CreateProcessingJobRequest& in) {
  MDLC_CHECK(check(in));
  auto j = new_job(s, c.context, kind::processing, in.ProcessingJobName, to_json(in).as_object());
  return c.commit([&](store::transaction& t) -> api::answer<model::CreateProcessingJobResponse> {
    MDLC_CHECK(add_job(s, t, j, in.Tags));
    return model::CreateProcessingJobResponse{j.key.arn()};
  });
}

api::answer<model::DescribeProcessingJobResponse> describe_processing_job(
    service& s, api::call& c, const model::DescribeProcessingJobRequest& in) {
  MDLC_TRY(auto j, s.host.db.read([&](store::reader& r) {
    return need_job(r, {c.context.scope, kind::processing, in.ProcessingJobName});
  }));
  model::DescribeProcessingJobResponse out;
  from_json(json::value(describe(j)), out);
  return out;
}

api::answer<model::ListProcessingJobsResponse> list_processing_jobs(service& s, api::call& c,
                                                                    const model::ListProcessingJobsRequest& in) {
  MDLC_TRY(auto p, page_of(in, in.SortBy.value_or("CreationTime")));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::ListProcessingJobsResponse> {
    model::ListProcessingJobsResponse out;
    for (const auto& j : list_jobs(r, c.context.scope, kind::processing, p, out.NextToken)) {
      model::ProcessingJobSummary one;
      one.ProcessingJobName = j.key.name;
      one.ProcessingJobArn = j.key.arn();
      one.CreationTime = base::from_ms(j.created_ms);
      one.LastModifiedTime = base::from_ms(j.modified_ms);
      if (j.progress.ended_ms) one.ProcessingEndTime = base::from_ms(*j.progress.ended_ms);
      one.ProcessingJobStatus = j.status;
      if (j.status == "Failed") one.FailureReason = j.progress.failure_reason;
      if (!j.progress.exit_message.empty()) one.ExitMessage = j.progress.exit_message;
      out.ProcessingJobSummaries.push_back(std::move(one));
    }
    return out;
  });
}

api::answer<model::StopProcessingJob::output> stop_processing_job(service& s, api::call& c,
                                                                  const model::StopProcessingJobRequest& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::StopProcessingJob::output> {
    MDLC_CHECK(ask_to_stop(s, t, {c.context.scope, kind::processing, in.ProcessingJobName}));
    return model::StopProcessingJob::output{};
  });
}

}  // namespace mdlc::services::sagemaker
