#include "services/states/integrations/integration.h"

#include "services/states/integrations/errors.h"
#include "services/states/integrations/kinds.h"
#include "services/states/integrations/sdk_form.h"

namespace mdlc::services::states::integrations {

std::optional<wait> integration::awaits(const asl::task&, const json::value&) const { return {}; }
bool integration::is_over(const asl::task&, const json::value&) const { return true; }
outcome<json::value> integration::ending(const asl::task&, const json::value& description) const { return description; }
std::optional<call> integration::stop(const asl::task&, const json::value&) const { return {}; }
failure integration::lost(const asl::task&) const {
  return {.error = "States.TaskFailed", .cause = "The server stopped while the task was running."};
}
const wire::shape* integration::input_shape(const asl::task&) const { return nullptr; }

struct catalogue::parts {
  explicit parts(const api::registry& r) : sdk(make_aws_sdk(r)), lambda(make_lambda(r)), optimised(make_optimised(r)) {}
  std::unique_ptr<integration> sdk;
  std::unique_ptr<integration> lambda;
  std::map<std::string, std::unique_ptr<integration>> optimised;  // by resource type: "dynamodb"
};

catalogue::catalogue(const api::registry& r) : parts_(std::make_unique<parts>(r)) {}
catalogue::~catalogue() = default;

const integration* catalogue::find(const asl::task& t) const {
  const integration* found = nullptr;
  if (t.kind == asl::task_kind::activity) return nullptr;
  if (t.kind == asl::task_kind::lambda_function || t.resource_type == "lambda")
    found = parts_->lambda.get();
  else if (t.resource_type.starts_with("aws-sdk:"))
    found = parts_->sdk.get();
  else if (auto o = parts_->optimised.find(t.resource_type); o != parts_->optimised.end())
    found = o->second.get();
  return found && found->serves(t) ? found : nullptr;
}

asl::task catalogue::task_of_resource(std::string_view resource) {
  constexpr std::string_view service_prefix = "arn:aws:states:::";
  asl::task t;
  t.resource = resource;
  if (!resource.starts_with(service_prefix)) {
    t.kind = resource.find(":activity:") != std::string_view::npos ? asl::task_kind::activity
                                                                   : asl::task_kind::lambda_function;
    t.action = resource;
    return t;
  }
  auto rest = resource.substr(service_prefix.size());
  auto colon = rest.find(':');
  if (rest.starts_with("aws-sdk:")) colon = rest.find(':', colon + 1);
  t.resource_type = rest.substr(0, colon);
  if (colon != std::string_view::npos) t.action = rest.substr(colon + 1);
  if (t.action.ends_with(".sync"))
    t.pattern = asl::task_pattern::sync;
  else if (t.action.ends_with(".sync:2"))
    t.pattern = asl::task_pattern::sync2;
  else if (t.action.ends_with(".waitForTaskToken"))
    t.pattern = asl::task_pattern::wait_for_task_token;
  return t;
}

// --- What the kinds share

std::string_view operation_of(const asl::task& t) {
  std::string_view action = t.action;
  return action.substr(0, action.find('.'));
}

const json::value& parameters_of(const asl::task& t) {
  static const json::value none = json::object();
  return t.parameters ? t.parameters.tree() : none;
}

outcome<call> call_with_parameters(const api::registry::entry& e, const asl::task& t) {
  std::vector<std::string> unknown;
  auto input = to_input(*e.op.model->input, parameters_of(t), unknown);
  if (!unknown.empty()) return tl::unexpected(unsupported_fields(parameters_of(t), unknown));
  return call{std::string{e.service->name}, std::string{e.op.model->name}, std::move(input)};
}

void add_sdk_metadata(json::value& result, std::string_view request_id) {
  auto* o = result.if_object();
  if (!o) return;
  (*o)["SdkHttpMetadata"] = {{"AllHttpHeaders", {{"x-amzn-RequestId", json::array{request_id}}}},
                             {"HttpHeaders", {{"x-amzn-RequestId", request_id}}},
                             {"HttpStatusCode", 200}};
  (*o)["SdkResponseMetadata"] = {{"RequestId", request_id}};
}

}  // namespace mdlc::services::states::integrations
