#include "api/registry.h"

#include "base/log.h"
#include "wire/validate.h"

namespace mdlc::api {
namespace {

// "CloudWatch Logs", "cloudwatchlogs": workflows and models write the same service in several ways.
std::string plain(std::string_view name) {
  std::string out;
  for (char c : name)
    if (c != ' ' && c != '-') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::string with_capital(std::string_view operation) {
  std::string out{operation};
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 32);
  return out;
}

bool is_answer(const answer<json::value>& given) { return given || !given.error().is_internal; }

error in_words_of(const wire::service& s, const wire::operation& op, const std::vector<std::string>& violations) {
  if (s.speaks != wire::protocol::rest_xml) return {std::string{wire::validation_code(s)}, wire::describe(violations)};
  // S3 checks its XML against a schema, and everything else piece by piece.
  for (const auto& m : op.input->members)
    if (m.name == op.input->payload && m.target->type == wire::kind::structure)
      return {"MalformedXML",
              "The XML you provided was not well-formed or did not validate against our published schema"};
  return {"InvalidArgument", wire::describe(violations)};
}

answer<void> check(const registry::entry& e, const call& c, const json::value& input) {
  if (auto wrong = wire::check_types(*e.op.model->input, input)) return refuse("SerializationException", *wrong);
  if (auto violations = wire::validate(*e.op.model->input, input); !violations.empty())
    return tl::unexpected(in_words_of(*e.service, *e.op.model, violations));
  return authorize(c.context, fmt::format("{}:{}", e.service->signing_name, e.op.model->name), input);
}

// The one place where what went wrong inside is written down.
void log_failure(const registry::entry& e, const call& c, const answer<json::value>& given) {
  if (is_answer(given)) return;
  base::log::error("{}:{} failed, request {}: {}", e.service->name, e.op.model->name, c.context.request_id,
                   given.error().reason);
}

template <class F>
auto guarded(F&& work) -> std::invoke_result_t<F> {
  try {
    return work();
  } catch (const std::exception& e) {
    return tl::unexpected(internal_error(e.what()));
  } catch (...) {
    return tl::unexpected(internal_error("something that is no exception was thrown"));
  }
}

}  // namespace

void registry::add(const wire::service& s, std::vector<operation> operations) {
  services_[plain(s.name)] = &s;
  services_[plain(s.id)] = &s;
  auto& rows = operations_[std::string{s.name}];
  for (auto& op : operations) {
    std::string name{op.model->name};
    rows.insert_or_assign(std::move(name), entry{&s, std::move(op)});
  }
}

const wire::service* registry::find_service(std::string_view service) const {
  auto found = services_.find(plain(service));
  return found == services_.end() ? nullptr : found->second;
}

const registry::entry* registry::find(std::string_view service, std::string_view operation) const {
  const auto* known = find_service(service);
  if (!known) return nullptr;
  const auto& rows = operations_.find(known->name)->second;
  auto found = rows.find(with_capital(operation));
  return found == rows.end() ? nullptr : &found->second;
}

std::vector<const wire::service*> registry::services() const {
  std::vector<const wire::service*> out;
  for (const auto& [name, rows] : operations_) out.push_back(find_service(name));
  return out;
}

answer<json::value> registry::invoke(const entry& e, call& c, const json::value& input) const {
  auto given = guarded([&]() -> answer<json::value> {
    if (auto ok = check(e, c, input); !ok) return tl::unexpected(std::move(ok).error());
    if (!e.op.run)
      return tl::unexpected(internal_error("a deferred operation was called by one that would wait for it"));
    return e.op.run(c, input);
  });
  if (c.has_recorder() && !c.committed() && is_answer(given)) {
    auto recorded = guarded([&]() -> answer<void> {
      c.record_alone(given);
      return {};
    });
    if (!recorded) given = tl::unexpected(std::move(recorded).error());
  }
  log_failure(e, c, given);
  return given;
}

answer<json::value> registry::invoke(std::string_view service, std::string_view operation, call& c,
                                     const json::value& input) const {
  const auto* e = find(service, operation);
  if (!e) return tl::unexpected(internal_error(fmt::format("{}:{} is not served", service, operation)));
  return invoke(*e, c, input);
}

void registry::invoke(const entry& e, std::shared_ptr<call> c, const json::value& input,
                      completion<json::value> done) const {
  if (!e.op.defer) return done(invoke(e, *c, input));
  auto finish = [&e, c, done = std::move(done)](answer<json::value> given) {
    log_failure(e, *c, given);
    if (!c->has_recorder() || c->committed() || !is_answer(given)) return done(std::move(given));
    c->record_alone(std::move(given), done);
  };
  auto begun = guarded([&]() -> answer<void> {
    if (auto ok = check(e, *c, input); !ok) return ok;
    e.op.defer(c, input, finish);
    return {};
  });
  if (!begun) finish(tl::unexpected(std::move(begun).error()));
}

answer<void> authorize(const context&, std::string_view, const json::value&) { return {}; }

}  // namespace mdlc::api
