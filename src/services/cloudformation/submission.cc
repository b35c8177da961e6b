#include "services/cloudformation/submission.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/cloudformation/rehearsal.h"
#include "wire/uri.h"

namespace mdlc::services::cloudformation {
namespace {

auto refuse(std::string message) { return api::refuse("ValidationError", std::move(message)); }

bool is_unreserved(std::string_view name) { return !name.starts_with("aws:"); }

// s3://, https://s3.amazonaws.com/bucket/key, https://bucket.s3.region.amazonaws.com/key, or our own endpoint's path.
std::optional<std::pair<std::string, std::string>> bucket_and_key(std::string_view url) {
  auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  auto rest = url.substr(scheme + 3);
  rest = rest.substr(0, rest.find('?'));
  auto slash = rest.find('/');
  if (slash == std::string_view::npos) return {};
  auto host = rest.substr(0, slash);
  auto path = rest.substr(slash + 1);
  auto key = [](std::string_view escaped) { return wire::percent_decode(escaped); };
  if (url.starts_with("s3://")) return std::pair{std::string{host}, std::string{path}};
  // The last ".s3." or ".s3-": a bucket's name may hold one too.
  auto at = host.rfind(".s3.");
  if (at == std::string_view::npos) at = host.rfind(".s3-");
  if (at != std::string_view::npos && at > 0) return std::pair{std::string{host.substr(0, at)}, key(path)};
  auto next = path.find('/');
  if (next == std::string_view::npos) return {};
  return std::pair{std::string{path.substr(0, next)}, key(path.substr(next + 1))};
}

}  // namespace

api::answer<std::string> template_text(service& s, api::call& c, const std::optional<std::string>& body,
                                       const std::optional<std::string>& url) {
  if (body.has_value() == url.has_value()) return refuse("Either Template URL or Template Body must be specified.");
  if (body) {
    if (body->size() > max_template_body_bytes)
      return refuse(
          fmt::format("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
                      "Member must have length less than or equal to {}",
                      max_template_body_bytes));
    return *body;
  }
  auto where = bucket_and_key(*url);
  if (!where) return refuse("TemplateURL must be a supported URL.");
  json::object get;
  get["Bucket"] = where->first;
  get["Key"] = where->second;
  api::call inner{s.host.db, c.context};
  auto found = s.host.operations.invoke("s3", "GetObject", inner, get);
  if (!found) return refuse(fmt::format("S3 error: {}", found.error().message));
  if (!inner.reply.body || inner.reply.body->count() > static_cast<int64_t>(max_template_url_bytes))
    return refuse(fmt::format("Template may not exceed {} bytes in size.", max_template_url_bytes));
  auto text = inner.reply.body->read_all();
  if (!text) return tl::unexpected(api::internal_error(text.error().message));
  return std::move(*text);
}

api::answer<submission> submit(service& s, api::call& c, const submission_input& in, const stack* existing) {
  submission out;
  if (in.previous_template) {
    if (!existing || existing->current.text.empty()) return refuse("Stack has no template that could be used again.");
    out.wanted.text = existing->current.text;
  } else {
    MDLC_TRY(out.wanted.text, template_text(s, c, in.body, in.url));
  }
  MDLC_TRY(out.parsed, parse_template(out.wanted.text));
  std::map<std::string, std::string> given;
  if (in.parameters)
    for (const auto& p : *in.parameters) {
      auto name = p.ParameterKey.value_or("");
      if (!p.UsePreviousValue.value_or(false)) {
        given[name] = p.ParameterValue.value_or("");
        continue;
      }
      if (!existing || !existing->current.parameters.contains(name))
        return refuse(
            fmt::format("Invalid input for parameter key {}. Cannot specify usePreviousValue as true for a "
                        "parameter key not in the previous template",
                        name));
      given[name] = existing->current.parameters.at(name);
    }
  MDLC_TRY(out.wanted.parameters, resolve_parameters(out.parsed, given));
  MDLC_CHECK(check_types(out.parsed));
  auto needed = required_capability(out.parsed);
  bool has = needed.empty();
  if (in.capabilities)
    for (const auto& capability : *in.capabilities) {
      out.capabilities.emplace_back(capability);
      has = has || capability == needed || capability == "CAPABILITY_NAMED_IAM";
    }
  if (!has)
    return api::refuse("InsufficientCapabilitiesException", fmt::format("Requires capabilities : [{}]", needed));
  // A new stack has no id yet: one of the same shape, since templates take it apart.
  const auto nobody = c.context.scope.arn("cloudformation", "stack/new/00000000-0000-0000-0000-000000000000");
  const auto who = existing ? existing->identity : stack_identity{c.context.scope, nobody, "new", {}};
  MDLC_CHECK(rehearse(out.parsed, out.wanted.parameters, who));
  if (in.tags) {
    for (const auto& tag : *in.tags) {
      if (!is_unreserved(tag.Key)) return refuse("aws: prefixed tag key names are not allowed for external use.");
      out.tags[tag.Key] = tag.Value;
    }
  } else if (existing) {
    out.tags = existing->identity.tags;
  }
  out.wanted.tags = out.tags;
  return out;
}

api::answer<void> check_types(const parsed_template& t) {
  std::set<std::string> unserved;
  for (const auto& [id, r] : t.resources)
    if (!find_resource_type(r.type)) unserved.insert(r.type);
  if (unserved.empty()) return {};
  return refuse(fmt::format("Template format error: Unrecognized resource types: [{}]", fmt::join(unserved, ", ")));
}

order make_order(api::call& c, goal what, const stack& st, std::string token, store::reader& r) {
  order o;
  o.what = what;
  o.stack = st.identity;
  o.principal = st.role.empty() ? c.context.principal : st.role;
  o.token = std::move(token);
  o.wanted = o.previous = st.current;
  if (st.aftermath) {
    o.previous = st.aftermath->stable;
    o.leftovers = st.aftermath->leftovers;
  }
  for (auto& row : resources_of(r, st.identity))
    if (row.status != "DELETE_COMPLETE" && row.status != "DELETE_SKIPPED" && !row.what.r.physical_id.empty())
      o.items.push_back(std::move(row.what));
  return o;
}

api::answer<order> make_order(api::call& c, goal what, const stack& st, const submission& sub, std::string token,
                              store::transaction& t) {
  auto o = make_order(c, what, st, std::move(token), t);
  if (what == goal::create) o.previous = {};
  o.wanted = sub.wanted;
  MDLC_TRY(auto wanted, rehearse(sub.parsed, sub.wanted.parameters, st.identity));
  auto names = wanted.imports;
  if (!o.previous.text.empty())
    if (auto parsed = parse_template(o.previous.text))
      if (auto before = rehearse(*parsed, o.previous.parameters, st.identity)) names.merge(before->imports);
  for (const auto& e : exports(t, st.identity.scope)) {
    o.has_exports = o.has_exports || e.stack_id == st.identity.id;
    if (names.contains(e.name)) o.imports[e.name] = e.value;
  }
  for (const auto& name : wanted.imports)
    if (!o.imports.contains(name)) o.missing_import = name;
  std::set<std::string> found;
  for (const auto& [name, value] : o.imports) found.insert(name);
  note_imports(t, st.identity, found);
  return o;
}

std::optional<api::error> not_updatable(const stack& st) {
  if (st.deleted) return stack_does_not_exist(st.identity.id).value();
  for (std::string_view fine : {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "CREATE_FAILED",
                                "UPDATE_FAILED", "IMPORT_COMPLETE"})
    if (st.status == fine) return {};
  return api::error{"ValidationError",
                    fmt::format("Stack:{} is in {} state and can not be updated.", st.identity.id, st.status)};
}

bool changes_anything(const stack& existing, const submission& sub) {
  if (existing.status.ends_with("_FAILED")) return true;
  if (existing.current.parameters != sub.wanted.parameters || existing.identity.tags != sub.tags) return true;
  if (existing.current.text == sub.wanted.text) return false;
  auto before = parse_template(existing.current.text);
  if (!before) return true;
  for (auto section : {"Resources", "Outputs", "Conditions", "Mappings"}) {
    auto *then = json::find(before->document, section), *now = json::find(sub.parsed.document, section);
    if (!then != !now || (then && *then != *now)) return true;
  }
  return false;
}

stack new_stack(service& s, const api::call& c, const std::string& name, const submission& sub) {
  stack made;
  made.identity = {c.context.scope,
                   c.context.scope.arn("cloudformation", fmt::format("stack/{}/{}", name, s.host.env.uuid())), name,
                   sub.tags};
  made.capabilities = sub.capabilities;
  made.created = s.host.env.now();
  return made;
}

}  // namespace mdlc::services::cloudformation
