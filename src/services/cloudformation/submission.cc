#include "services/cloudformation/submission.h"

#include <fmt/format.h>

namespace mdlc::services::cloudformation {
namespace {

auto refuse(std::string message) { return api::refuse("ValidationError", std::move(message)); }

bool is_unreserved(std::string_view name) { return !name.starts_with("aws:"); }

// The names that Fn::ImportValue asks for, as far as they need no resource.
void collect_imports(const json::value& v, evaluator& expressions, std::set<std::string>& names) {
  if (auto* list = v.if_array())
    for (const auto& element : *list) collect_imports(element, expressions, names);
  if (auto* members = v.if_object())
    for (const auto& [key, member] : *members) {
      if (key == "Fn::ImportValue") {
        if (auto name = expressions.text(member)) names.insert(*name);
      } else {
        collect_imports(member, expressions, names);
      }
    }
}

// s3://, https://s3.amazonaws.com/bucket/key, https://bucket.s3.region.amazonaws.com/key, or our own endpoint's path.
std::optional<std::pair<std::string, std::string>> bucket_and_key(std::string_view url) {
  auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  auto rest = url.substr(scheme + 3);
  if (auto query = rest.find('?'); query != std::string_view::npos) rest = rest.substr(0, query);
  auto slash = rest.find('/');
  if (slash == std::string_view::npos) return {};
  auto host = rest.substr(0, slash);
  auto path = rest.substr(slash + 1);
  if (url.starts_with("s3://")) return std::pair{std::string{host}, std::string{path}};
  if (auto at = host.find(".s3"); at != std::string_view::npos && at > 0)
    return std::pair{std::string{host.substr(0, at)}, std::string{path}};
  auto next = path.find('/');
  if (next == std::string_view::npos) return {};
  return std::pair{std::string{path.substr(0, next)}, std::string{path.substr(next + 1)}};
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
  std::set<std::string> unserved;
  for (const auto& [id, r] : out.parsed.resources)
    if (!find_resource_type(r.type)) unserved.insert(r.type);
  if (!unserved.empty())
    return refuse(fmt::format("Template format error: Unrecognized resource types: [{}]", fmt::join(unserved, ", ")));
  auto needed = required_capability(out.parsed);
  bool has = needed.empty();
  if (in.capabilities)
    for (const auto& capability : *in.capabilities) {
      out.capabilities.emplace_back(capability);
      has = has || capability == needed || capability == "CAPABILITY_NAMED_IAM";
    }
  if (!has)
    return api::refuse("InsufficientCapabilitiesException", fmt::format("Requires capabilities : [{}]", needed));
  if (in.tags) {
    for (const auto& tag : *in.tags) {
      if (!is_unreserved(tag.Key)) return refuse("aws: prefixed tag key names are not allowed for external use.");
      out.tags[tag.Key] = tag.Value;
    }
  } else if (existing) {
    out.tags = existing->identity.tags;
  }
  return out;
}

order make_order(service&, api::call& c, goal what, const stack& st, const submission& sub, std::string token,
                 store::reader& r) {
  order o;
  o.what = what;
  o.stack = st.identity;
  o.stack.tags = sub.tags;
  o.principal = st.role.empty() ? c.context.principal : st.role;
  o.token = std::move(token);
  o.wanted = sub.wanted;
  if (what == goal::update) o.previous = st.current;
  for (auto& row : resources_of(r, st.identity))
    if (row.status != "DELETE_COMPLETE" && row.status != "DELETE_SKIPPED") o.items.push_back(std::move(row.what));
  surroundings around{
      st.identity.scope.account,
      st.identity.scope.region,
      st.identity.id,
      st.identity.name,
      sub.wanted.parameters,
      [](const std::string&) { return api::refuse("ValidationError", "not yet made"); },
      [](const std::string&, const std::string&) { return api::refuse("ValidationError", "not yet made"); },
      [](const std::string&) { return api::refuse("ValidationError", "not yet known"); }};
  evaluator expressions{sub.parsed, around};
  std::set<std::string> names;
  for (auto section : {"Resources", "Outputs"})
    if (auto* part = json::find(sub.parsed.document, section)) collect_imports(*part, expressions, names);
  if (!names.empty())
    for (const auto& e : exports(r, st.identity.scope))
      if (names.contains(e.name)) o.imports[e.name] = e.value;
  return o;
}

std::optional<api::error> not_updatable(const stack& st) {
  for (std::string_view fine : {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "CREATE_FAILED",
                                "UPDATE_FAILED", "IMPORT_COMPLETE"})
    if (st.status == fine) return {};
  return api::error{"ValidationError",
                    fmt::format("Stack:{} is in {} state and can not be updated.", st.identity.id, st.status)};
}

bool changes_anything(const stack& existing, const submission& sub) {
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

void note_imports(store::transaction& t, const stack_identity& s, const order& o) {
  for (const auto& [name, value] : o.imports)
    t.run(
        "INSERT INTO cloudformation_imports (account, region, name, stack_id) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (account, region, name, stack_id) DO NOTHING",
        {s.scope.account, s.scope.region, name, s.id});
}

}  // namespace mdlc::services::cloudformation
