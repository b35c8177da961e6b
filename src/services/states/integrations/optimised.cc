// The optimised integrations over our own services: dynamodb, sagemaker, states. What differs between them is a table.
#include <span>

#include "services/states/integrations/errors.h"
#include "services/states/integrations/kinds.h"
#include "services/states/integrations/sdk_form.h"

namespace mdlc::services::states::integrations {
namespace {

// What is known of an operation that begins something which ends later.
struct job_spec {
  std::string_view arn;       // in its answer
  std::string_view describe;  // the operation that tells how it is
  std::string_view id;        // that one's input member, known from …
  bool id_is_arn;             // … the answer's ARN, or the parameter of the same name
  std::string_view status;    // the member of the description
  std::span<const std::string_view> running;
  std::string_view success;
  std::string_view stop;  // takes the same input as describe
};

constexpr std::string_view job_runs[] = {"InProgress", "Stopping"};
constexpr std::string_view execution_runs[] = {"RUNNING", "PENDING_REDRIVE"};

constexpr job_spec training{"TrainingJobArn", "DescribeTrainingJob", "TrainingJobName", false, "TrainingJobStatus",
                            job_runs,         "Completed",           "StopTrainingJob"};
constexpr job_spec transform{
    "TransformJobArn", "DescribeTransformJob", "TransformJobName", false, "TransformJobStatus", job_runs,
    "Completed",       "StopTransformJob"};
constexpr job_spec processing{
    "ProcessingJobArn", "DescribeProcessingJob", "ProcessingJobName", false, "ProcessingJobStatus", job_runs,
    "Completed",        "StopProcessingJob"};
constexpr job_spec tuning{"HyperParameterTuningJobArn",
                          "DescribeHyperParameterTuningJob",
                          "HyperParameterTuningJobName",
                          false,
                          "HyperParameterTuningJobStatus",
                          job_runs,
                          "Completed",
                          "StopHyperParameterTuningJob"};
constexpr job_spec execution{"executionArn", "DescribeExecution", "executionArn", true,
                             "status",       execution_runs,      "SUCCEEDED",    "StopExecution"};

struct operation_spec {
  std::string_view name;
  const job_spec* job = nullptr;  // it may be waited for
  bool takes_token = false;
};

struct service_spec {
  std::string_view resource_type;
  std::string_view service;
  error_style errors;
  std::vector<operation_spec> operations;
};

std::vector<service_spec> all_services() {
  return {
      {"dynamodb",
       "dynamodb",
       {"DynamoDB", "AmazonDynamoDBException", "AmazonDynamoDBv2", true},
       {{"getItem"}, {"putItem"}, {"updateItem"}, {"deleteItem"}}},
      {"sagemaker",
       "sagemaker",
       {"SageMaker", "AmazonSageMakerException", "AmazonSageMaker", true},
       {{"createTrainingJob", &training},
        {"createTransformJob", &transform},
        {"createProcessingJob", &processing},
        {"createHyperParameterTuningJob", &tuning},
        {"createModel"},
        {"createEndpointConfig"},
        {"createEndpoint"},
        {"updateEndpoint"}}},
      {"states",
       "states",
       {"StepFunctions", "AWSStepFunctionsException", "AWSStepFunctions", true},
       {{"startExecution", &execution, true}}},
  };
}

class optimised : public integration {
 public:
  optimised(const api::registry& r, service_spec spec) : registry_(r), spec_(std::move(spec)) {}

  bool serves(const asl::task& t) const override {
    auto* o = spec_of(t);
    if (!o || !entry_of(t)) return false;
    switch (t.pattern) {
      case asl::task_pattern::request_response:
        return true;
      case asl::task_pattern::wait_for_task_token:
        return o->takes_token;
      case asl::task_pattern::sync:
        return o->job != nullptr;
      case asl::task_pattern::sync2:
        return o->job == &execution;
    }
    return false;
  }

  outcome<call> begin(const asl::task& t) const override { return call_with_parameters(*entry_of(t), t); }

  outcome<json::value> result(const asl::task& t, const reply& r) const override {
    auto* e = entry_of(t);
    if (!r.answer) return tl::unexpected(failure_of(*e->service, spec_.errors, r.answer.error(), r.request_id));
    auto out = to_result(*e->op.model->output, *r.answer, times::milliseconds);
    add_sdk_metadata(out, r.request_id);
    return out;
  }

  std::optional<wait> awaits(const asl::task& t, const json::value& answer) const override {
    auto* job = spec_of(t)->job;
    return wait{std::string{arn_in(*job, answer)},
                {std::string{spec_.service}, std::string{job->describe}, about(*job, t, answer)}};
  }

  bool is_over(const asl::task& t, const json::value& description) const override {
    auto* job = spec_of(t)->job;
    auto status = json::text(description, job->status);
    return std::find(job->running.begin(), job->running.end(), status) == job->running.end();
  }

  outcome<json::value> ending(const asl::task& t, const json::value& description) const override {
    auto* job = spec_of(t)->job;
    auto* describe = registry_.find(spec_.service, job->describe);
    auto out = to_result(*describe->op.model->output, description, times::milliseconds);
    if (t.pattern == asl::task_pattern::sync2) parse_texts(out.as_object());
    if (json::text(description, job->status) == job->success) return out;
    return tl::unexpected(failure{.error = "States.TaskFailed", .cause = json::print(out)});
  }

  std::optional<call> stop(const asl::task& t, const json::value& answer) const override {
    auto* job = spec_of(t)->job;
    if (!job || !registry_.find(spec_.service, job->stop)) return {};
    return call{std::string{spec_.service}, std::string{job->stop}, about(*job, t, answer)};
  }

  failure lost(const asl::task&) const override {
    return {.error = spec_.errors.prefix + ".SdkClientException",
            .cause = "Unable to execute HTTP request: the server stopped before the answer came."};
  }

  const wire::shape* input_shape(const asl::task& t) const override { return entry_of(t)->op.model->input; }

 private:
  const operation_spec* spec_of(const asl::task& t) const {
    for (const auto& o : spec_.operations)
      if (o.name == operation_of(t)) return &o;
    return nullptr;
  }
  const api::registry::entry* entry_of(const asl::task& t) const {
    return registry_.find(spec_.service, operation_of(t));
  }

  // The answer is in the normal form when it comes from the call, and in the workflow's when it comes from the journal.
  static std::string_view arn_in(const job_spec& job, const json::value& answer) {
    if (auto arn = json::text(answer, job.arn); !arn.empty()) return arn;
    std::string capital{job.arn};
    capital[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(capital[0])));
    return json::text(answer, capital);
  }
  static json::value about(const job_spec& job, const asl::task& t, const json::value& answer) {
    auto id = job.id_is_arn ? arn_in(job, answer) : json::text(parameters_of(t), job.id);
    return json::object{{job.id, id}};
  }

  // `.sync:2` shows a child's input and output as JSON.
  static void parse_texts(json::object& o) {
    for (std::string_view name : {"Input", "Output"}) {
      auto* text = o.if_contains(name);
      if (!text || !text->is_string()) continue;
      if (auto parsed = json::parse(json::view(text->get_string()))) *text = std::move(*parsed);
    }
  }

  const api::registry& registry_;
  const service_spec spec_;
};

}  // namespace

std::map<std::string, std::unique_ptr<integration>> make_optimised(const api::registry& r) {
  std::map<std::string, std::unique_ptr<integration>> all;
  for (auto& spec : all_services()) {
    std::string type{spec.resource_type};
    all.emplace(std::move(type), std::make_unique<optimised>(r, std::move(spec)));
  }
  return all;
}

}  // namespace mdlc::services::states::integrations
