// A function's ARN as Resource, and `lambda:invoke`.
#include "base/bytes.h"
#include "services/states/integrations/errors.h"
#include "services/states/integrations/kinds.h"
#include "services/states/integrations/sdk_form.h"

namespace mdlc::services::states::integrations {
namespace {

const error_style style{.prefix = "Lambda", .base = "AWSLambdaException", .service = "AWSLambda", .first_sdk = true};

bool is_bare(const asl::task& t) { return t.kind == asl::task_kind::lambda_function; }

std::string payload_of(const json::value& answer) {
  auto bytes = base::from_base64(json::text(answer, "Payload"));
  return bytes ? *bytes : std::string{};
}

json::value as_json(const std::string& payload) {
  if (payload.empty()) return nullptr;
  auto parsed = json::parse(payload);
  return parsed ? *parsed : json::value(payload);
}

failure failure_of_function(const std::string& payload) {
  auto said = as_json(payload);
  if (auto type = json::text(said, "errorType"); !type.empty()) return {.error = std::string{type}, .cause = payload};
  return {.error = "Lambda.Unknown",
          .cause = "The cause could not be determined because Lambda did not return an error type. Returned payload: " +
                   payload};
}

class lambda : public integration {
 public:
  explicit lambda(const api::registry& r) : registry_(r) {}

  bool serves(const asl::task& t) const override {
    if (!registry_.find("lambda", "Invoke")) return false;
    return is_bare(t) || (operation_of(t) == "invoke" && (t.pattern == asl::task_pattern::request_response ||
                                                          t.pattern == asl::task_pattern::wait_for_task_token));
  }

  outcome<call> begin(const asl::task& t) const override {
    if (is_bare(t))
      return call{"lambda", "Invoke",
                  json::object{{"FunctionName", t.resource}, {"Payload", base::to_base64(payload_text(t))}}};
    std::vector<std::string> unknown;
    auto input = to_input(*input_shape(t), parameters_of(t), unknown);
    if (!unknown.empty()) return tl::unexpected(unsupported_fields(parameters_of(t), unknown));
    // Unlike other bytes it is a JSON value, a text in quotes included.
    if (auto* payload = json::find(parameters_of(t), "Payload"))
      input.as_object()["Payload"] = base::to_base64(json::print(*payload));
    return call{"lambda", "Invoke", std::move(input)};
  }

  outcome<json::value> result(const asl::task& t, const reply& r) const override {
    if (!r.answer) return tl::unexpected(failure_of_service(r));
    auto payload = payload_of(*r.answer);
    if (json::find(*r.answer, "FunctionError")) return tl::unexpected(failure_of_function(payload));
    if (is_bare(t)) return as_json(payload);
    json::value out = json::object();
    if (auto* version = json::find(*r.answer, "ExecutedVersion")) out.as_object()["ExecutedVersion"] = *version;
    if (auto* log = json::find(*r.answer, "LogResult")) out.as_object()["LogResult"] = *log;
    out.as_object()["Payload"] = as_json(payload);
    add_sdk_metadata(out, r.request_id);
    if (auto* status = json::find(*r.answer, "StatusCode")) out.as_object()["StatusCode"] = *status;
    return out;
  }

  // AWS's own advice is to retry this one.
  failure lost(const asl::task&) const override {
    return {.error = "Lambda.ServiceException",
            .cause = "The server stopped while the function was running; nobody knows whether it ended."};
  }

  const wire::shape* input_shape(const asl::task& t) const override {
    return is_bare(t) ? nullptr : registry_.find("lambda", "Invoke")->op.model->input;
  }

 private:
  static std::string payload_text(const asl::task& t) { return t.parameters ? t.parameters.text() : "{}"; }

  failure failure_of_service(const reply& r) const {
    if (r.answer.error().is_internal) return {.error = "Lambda.ServiceException", .cause = r.answer.error().message};
    return failure_of(*registry_.find_service("lambda"), style, r.answer.error(), r.request_id);
  }

  const api::registry& registry_;
};

}  // namespace

std::unique_ptr<integration> make_lambda(const api::registry& r) { return std::make_unique<lambda>(r); }

}  // namespace mdlc::services::states::integrations
