#include "base/bytes.h"
#include "services/lambda/operations.h"

namespace mdlc::services::lambda {
namespace {

constexpr size_t request_bytes_max = 6 * 1024 * 1024;
constexpr size_t event_bytes_max = 1024 * 1024;

// A number in [0, 1) from the machine's chance.
double chance(sys::env& env) {
  uint32_t bits;
  env.random_bytes(reinterpret_cast<char*>(&bits), sizeof bits);
  return static_cast<double>(bits) / 4294967296.0;
}

api::answer<void> check(const model::InvocationRequest& in, std::string_view type) {
  const auto& payload = in.Payload ? *in.Payload : std::string{};
  const auto limit = type == "Event" ? event_bytes_max : request_bytes_max;
  if (payload.size() > limit)
    return api::refuse("RequestTooLargeException",
                       fmt::format("{} byte payload is too large for the {} invocation type (limit {} bytes)",
                                   payload.size(), type, limit),
                       413);
  if (payload.empty()) return {};
  if (auto parsed = json::parse(payload); !parsed)
    return api::refuse("InvalidRequestContentException",
                       fmt::format("Could not parse request body into json: {}", parsed.error().message));
  return {};
}

model::InvocationResponse describe(const invocation& i, outcome o, bool wants_log) {
  model::InvocationResponse out;
  out.StatusCode = 200;
  out.ExecutedVersion = i.what->label();
  out.Payload = std::move(o.payload);
  if (o.is_error) out.FunctionError = "Unhandled";
  if (wants_log) out.LogResult = base::to_base64(o.log);
  return out;
}

}  // namespace

void invoke(service& s, std::shared_ptr<api::call> c, model::InvocationRequest in,
            api::completion<model::InvocationResponse> done) {
  const std::string type = in.InvocationType.value_or("RequestResponse");
  const auto name = parse_function_name(c->context.scope, in.FunctionName, in.Qualifier);
  if (!name) return done(tl::unexpected(name.error()));
  const auto found = s.host.db.read([&](store::reader& r) { return s.versions.find(r, *name, chance(s.host.env)); });
  if (!found) return done(tl::unexpected(found.error()));
  if (auto ok = check(in, type); !ok) return done(tl::unexpected(ok.error()));
  model::InvocationResponse accepted;
  if (type == "DryRun") {
    accepted.StatusCode = 204;
    c->reply.status = 204;
    return done(std::move(accepted));
  }
  std::string client_context;
  if (in.ClientContext) client_context = base::from_base64(*in.ClientContext).value_or("");
  if (type == "Event") {
    accepted.StatusCode = 202;
    c->reply.status = 202;
    auto kept = s.events.accept(*c, *name, in.Payload.value_or(""), client_context);
    if (!kept) return done(tl::unexpected(kept.error()));
    return done(std::move(accepted));
  }
  invocation i{found->what,
               found->reserved,
               c->context.request_id,
               name->qualified(),
               in.Payload.value_or(""),
               c->context.trace_header,
               std::move(client_context),
               {}};
  if (i.request_id.empty()) i.request_id = s.host.env.uuid();
  auto shown = i;
  shown.payload.clear();
  i.done = [c, shown = std::move(shown), wants_log = in.LogType == "Tail", done = std::move(done)](outcome o) {
    if (o.refusal) return done(tl::unexpected(*std::move(o.refusal)));
    done(describe(shown, std::move(o), wants_log));
  };
  s.functions.submit(std::move(i));
}

}  // namespace mdlc::services::lambda
