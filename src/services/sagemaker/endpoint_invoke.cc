// InvokeEndpoint: a variant by weight, its containers in turn, the answer or AWS's words for what went wrong.
#include "base/bytes.h"
#include "services/sagemaker/endpoints.h"
#include "services/sagemaker/pipeline.h"

namespace mdlc::services::sagemaker {
namespace {

using sagemaker_runtime::model::InvokeEndpointInput;
using sagemaker_runtime::model::InvokeEndpointOutput;

constexpr int model_error_status = 424;
constexpr size_t shown_body_max = 1024;  // AWS's message has its bound, too

api::error model_error(const model_server::plan& p, int status, std::string_view code, std::string_view said) {
  const auto& scope = p.endpoint.scope;
  const auto group = "/aws/sagemaker/Endpoints/" + p.endpoint.name;
  const auto shown = said.substr(0, shown_body_max);
  auto message = fmt::format(
      "Received {} error ({}) from {} with message \"{}\". See "
      "https://{}.console.aws.amazon.com/cloudwatch/home?region={}#logEventViewer:group={} in account {} for more "
      "information.",
      status >= 400 && status < 500 ? "client" : "server", status, p.container, shown, scope.region, scope.region,
      group, scope.account);
  return {"ModelError",
          message,
          model_error_status,
          {{"Message", message},
           {"ErrorCode", code},
           {"OriginalStatusCode", status},
           {"OriginalMessage", shown},
           {"LogStreamArn", scope.arn("logs", "log-group:" + group)}}};
}

api::error error_of(const model_server::plan& p, model_failure::cause why) {
  switch (why) {
    case model_failure::cause::timeout:
      return model_error(p, 0, "MODEL_TIMEOUT",
                         fmt::format("Your invocation timed out while waiting for a response from container {}. Review "
                                     "the latency metrics for each container in Amazon CloudWatch, resolve the issue, "
                                     "and try again.",
                                     p.container));
    case model_failure::cause::died:
      return model_error(p, 0, "MODEL_EXITED", "An error occurred while handling request as the model process exited.");
    case model_failure::cause::too_large:
      return model_error(p, 0, "MODEL_ANSWER_TOO_LARGE",
                         fmt::format("The response is larger than {} bytes.", answer_bytes_max));
    case model_failure::cause::unavailable:
      break;
  }
  return {"ServiceUnavailable", "The service is unavailable. Try your call again.", 503};
}

// One invocation on its way through the containers.
struct passage : std::enable_shared_from_this<passage> {
  std::vector<std::shared_ptr<model_server>> servers;
  std::string variant;
  pipeline_request request;
  api::completion<InvokeEndpointOutput> done;

  void step(size_t at, const std::string& content_type, std::string body) {
    model_request r;
    r.headers = request.headers(at, servers.size(), content_type);
    r.body = std::move(body);
    servers[at]->invoke(
        std::move(r), [self = shared_from_this(), at](model_answer answer) { self->answered(at, std::move(answer)); });
  }

  void answered(size_t at, model_answer answer) {
    const auto& p = servers[at]->what();
    if (!answer) return done(tl::unexpected(error_of(p, answer.error().why)));
    if (!is_success(answer->status))
      return done(tl::unexpected(
          model_error(p, answer->status,
                      answer->status < 500 ? "CLIENT_ERROR_FROM_MODEL" : "INTERNAL_FAILURE_FROM_MODEL", answer->body)));
    std::string type{answer->headers.get("Content-Type")};
    if (at + 1 < servers.size()) return step(at + 1, type, std::move(answer->body));
    InvokeEndpointOutput out;
    out.Body = std::move(answer->body);
    if (!type.empty()) out.ContentType = std::move(type);
    out.InvokedProductionVariant = variant;
    if (const auto* attributes = answer->headers.find("X-Amzn-SageMaker-Custom-Attributes"))
      out.CustomAttributes = *attributes;
    done(std::move(out));
  }
};

}  // namespace

// By name, else by weight; null where there is none. Weights that are all zero leave nobody.
const live_endpoint::route* live_endpoint::choose(const routes& all, const std::optional<std::string>& wanted) const {
  if (wanted) {
    for (const auto& r : all)
      if (r.variant == *wanted) return &r;
    return nullptr;
  }
  double sum = 0;
  for (const auto& r : all) sum += r.weight;
  uint32_t bits;
  s_.host.env.random_bytes(reinterpret_cast<char*>(&bits), sizeof bits);
  double at = sum * (static_cast<double>(bits) / 4294967296.0);
  for (const auto& r : all)
    if (r.weight > 0 && (at -= r.weight) < 0) return &r;
  return nullptr;
}

void live_endpoint::invoke(const InvokeEndpointInput& in, api::completion<InvokeEndpointOutput> done) {
  std::shared_ptr<const routes> now;
  {
    std::lock_guard lock{mutex_};
    now = routes_;
  }
  const auto refuse = [&](std::string why) { done(api::refuse("ValidationError", std::move(why))); };
  if (!now) return refuse(fmt::format("Endpoint {} of account {} not found.", key_.name, key_.scope.account));
  const auto* chosen = choose(*now, in.TargetVariant);
  if (!chosen && in.TargetVariant)
    return refuse(fmt::format("Variant {} not found for endpoint {} of account {}.", *in.TargetVariant, key_.name,
                              key_.scope.account));
  if (!chosen) return done(tl::unexpected(api::error{"ServiceUnavailable", "No variant takes requests.", 503}));
  auto p = std::make_shared<passage>();
  p->servers = chosen->servers;
  if (chosen->is_direct || in.TargetContainerHostname) {
    if (!chosen->is_direct || !in.TargetContainerHostname)
      return refuse(chosen->is_direct ? "TargetContainerHostname is required for an endpoint whose containers are "
                                        "invoked directly."
                                      : "TargetContainerHostname is for endpoints whose containers are invoked "
                                        "directly.");
    std::erase_if(p->servers, [&](const auto& s) { return s->what().container != *in.TargetContainerHostname; });
    if (p->servers.empty())
      return refuse(fmt::format("Container {} not found for endpoint {}.", *in.TargetContainerHostname, key_.name));
  }
  p->variant = chosen->variant;
  p->request = {in.ContentType.value_or(""), in.Accept.value_or(""), in.CustomAttributes.value_or(""),
                in.InferenceId.value_or("")};
  p->done = std::move(done);
  p->step(0, p->request.content_type, in.Body);
}

}  // namespace mdlc::services::sagemaker
