#include "services/sagemaker/describe.h"

#include <cmath>

namespace mdlc::services::sagemaker {
namespace {

double seconds(int64_t ms) { return static_cast<double>(ms) / 1000; }

void put_default(json::object& o, std::string_view name, json::value v) {
  if (!o.contains(name)) o[name] = std::move(v);
}

json::array transitions_of(const job& j) {
  json::array out;
  for (const auto& t : j.progress.transitions) {
    json::object one{{"Status", t.status}, {"StartTime", seconds(t.start_ms)}};
    if (t.end_ms) one["EndTime"] = seconds(*t.end_ms);
    one["StatusMessage"] = t.message;
    out.push_back(std::move(one));
  }
  return out;
}

void complete_channels(json::object& out) {
  auto* channels = out.if_contains("InputDataConfig");
  if (!channels || !channels->is_array()) return;
  for (auto& c : channels->get_array()) {
    put_default(c.as_object(), "CompressionType", "None");
    put_default(c.as_object(), "RecordWrapperType", "None");
    auto* source = c.as_object().if_contains("DataSource");
    if (auto* s3 = source ? source->as_object().if_contains("S3DataSource") : nullptr)
      put_default(s3->as_object(), "S3DataDistributionType", "FullyReplicated");
  }
}

void describe_training(const job& j, json::object& out) {
  const auto& p = j.progress;
  out["LastModifiedTime"] = seconds(j.modified_ms);
  out["TrainingJobArn"] = j.key.arn();
  out["TrainingJobStatus"] = j.status;
  out["SecondaryStatus"] = j.secondary();
  out["SecondaryStatusTransitions"] = transitions_of(j);
  out["ModelArtifacts"] = json::object{{"S3ModelArtifacts", p.artifact}};
  put_default(out, "StoppingCondition", json::object{{"MaxRuntimeInSeconds", 86400}});
  for (auto name : {"EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"})
    put_default(out, name, false);
  put_default(out["OutputDataConfig"].as_object(), "KmsKeyId", "");
  complete_channels(out);
  if (p.started_ms) out["TrainingStartTime"] = seconds(*p.started_ms);
  if (p.ended_ms) out["TrainingEndTime"] = seconds(*p.ended_ms);
  if (p.started_ms && p.ended_ms) {
    const auto took = static_cast<int64_t>(std::ceil(seconds(*p.ended_ms - *p.started_ms)));
    out["TrainingTimeInSeconds"] = took;
    out["BillableTimeInSeconds"] = took;
  }
  if (!p.metrics.empty()) out["FinalMetricDataList"] = p.metrics;
  out["ProfilingStatus"] = "Disabled";
}

void describe_transform(const job& j, json::object& out) {
  const auto& p = j.progress;
  out["TransformJobArn"] = j.key.arn();
  out["TransformJobStatus"] = j.status;
  if (p.started_ms) out["TransformStartTime"] = seconds(*p.started_ms);
  if (p.ended_ms) out["TransformEndTime"] = seconds(*p.ended_ms);
  auto& input = out["TransformInput"].as_object();
  put_default(input, "CompressionType", "None");
  put_default(input, "SplitType", "None");
  put_default(out["TransformOutput"].as_object(), "AssembleWith", "None");
  put_default(out["TransformOutput"].as_object(), "KmsKeyId", "");
  put_default(out["TransformResources"].as_object(), "VolumeKmsKeyId", "");
  auto& processing = out["DataProcessing"];
  if (!processing.is_object()) processing = json::object{};
  put_default(processing.as_object(), "InputFilter", "$");
  put_default(processing.as_object(), "OutputFilter", "$");
  put_default(processing.as_object(), "JoinSource", "None");
}

void describe_processing(const job& j, json::object& out) {
  const auto& p = j.progress;
  out["LastModifiedTime"] = seconds(j.modified_ms);
  out["ProcessingJobArn"] = j.key.arn();
  out["ProcessingJobStatus"] = j.status;
  if (p.started_ms) out["ProcessingStartTime"] = seconds(*p.started_ms);
  if (p.ended_ms) out["ProcessingEndTime"] = seconds(*p.ended_ms);
  if (!p.exit_message.empty()) out["ExitMessage"] = p.exit_message;
  put_default(out, "StoppingCondition", json::object{{"MaxRuntimeInSeconds", 86400}});
  auto* inputs = out.if_contains("ProcessingInputs");
  if (!inputs || !inputs->is_array()) return;
  for (auto& i : inputs->get_array()) {
    put_default(i.as_object(), "AppManaged", false);
    auto* s3 = i.as_object().if_contains("S3Input");
    if (!s3) continue;
    put_default(s3->as_object(), "S3InputMode", "File");
    put_default(s3->as_object(), "S3DataDistributionType", "FullyReplicated");
    put_default(s3->as_object(), "S3CompressionType", "None");
  }
}

// EventBridge's times are milliseconds, where the API's are seconds.
void to_milliseconds(json::value& v) {
  if (v.is_array())
    for (auto& item : v.get_array()) to_milliseconds(item);
  if (!v.is_object()) return;
  for (auto& [name, member] : v.get_object()) {
    const std::string_view text{name.data(), name.size()};
    if (json::is_number(member) && (text.ends_with("Time") || text == "Timestamp"))
      member = static_cast<int64_t>(std::llround(json::to_double(member) * 1000));
    else
      to_milliseconds(member);
  }
}

}  // namespace

json::object describe(const job& j) {
  json::object out = j.request;
  out.erase("Tags");
  out["CreationTime"] = seconds(j.created_ms);
  if (j.status == "Failed" && !j.progress.failure_reason.empty()) out["FailureReason"] = j.progress.failure_reason;
  switch (j.key.what) {
    case kind::training:
      describe_training(j, out);
      break;
    case kind::transform:
      describe_transform(j, out);
      break;
    case kind::processing:
      describe_processing(j, out);
      break;
  }
  return out;
}

api::event event_of(const base::scope& scope, std::string_view title, std::string arn, int64_t at_ms,
                    json::object description, const json::object& request) {
  json::value detail = std::move(description);
  to_milliseconds(detail);
  if (const auto* tags = request.if_contains("Tags"); tags && tags->is_array()) {
    json::object as_map;
    for (const auto& t : tags->get_array()) as_map[json::text(t, "Key")] = json::text(t, "Value");
    detail.as_object()["Tags"] = std::move(as_map);
  }
  return {.scope = scope,
          .source = "aws.sagemaker",
          .detail_type = fmt::format("SageMaker {} Job State Change", title),
          .resources = {std::move(arn)},
          .time = base::from_ms(at_ms),
          .detail = std::move(detail.as_object())};
}

api::event change_of(const job& j) {
  return event_of(j.key.scope, title_of(j.key.what), j.key.arn(), j.modified_ms, describe(j), j.request);
}

}  // namespace mdlc::services::sagemaker
