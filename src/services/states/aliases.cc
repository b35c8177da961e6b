#include <charconv>
#include <set>

#include "services/states/alias.h"
#include "services/states/operations.h"
#include "services/states/page.h"
#include "services/states/service.h"

namespace mdlc::services::states {
namespace {

constexpr int whole_weight = 100;

alias read_alias(const store::row& r) {
  alias a{.name = r.text(0),
          .description = r.text_if(1),
          .routing = {},
          .created = base::from_ms(r.integer(3)),
          .updated = base::from_ms(r.integer(4))};
  if (auto routing = json::parse(r.text(2))) {
    for (const auto& v : routing->as_array()) {
      model::RoutingConfigurationListItem item;
      from_json(v, item);
      a.routing.push_back(std::move(item));
    }
  }
  return a;
}

std::string routing_text(const std::vector<model::RoutingConfigurationListItem>& routing) {
  json::array out;
  for (const auto& item : routing) out.push_back(to_json(item));
  return json::print(out);
}

int64_t version_number(const std::string& arn) {
  int64_t n = 0;
  auto colon = arn.rfind(':');
  std::from_chars(arn.data() + colon + 1, arn.data() + arn.size(), n);
  return n;
}

tl::unexpected<api::error> invalid(std::string_view why) {
  return api::refuse("ValidationException", std::string{why});
}

// All of one machine, all there, weights that make 100. Gives the machine.
api::answer<machine> check_routing(store::reader& r, const std::vector<model::RoutingConfigurationListItem>& routing) {
  std::optional<machine> found;
  std::set<std::string> seen;
  int64_t sum = 0;
  for (const auto& item : routing) {
    MDLC_TRY(auto arn, parse_machine_arn(item.stateMachineVersionArn));
    if (!arn.is_version()) return invalid("Routing configuration must contain state machine version ARNs");
    MDLC_TRY(auto m, need_machine(r, arn));
    if (found && found->uid != m.uid)
      return invalid("All state machine versions in the routing configuration must belong to the same state machine");
    found = m;
    if (!find_version(r, m.uid, version_number(item.stateMachineVersionArn))) return no_such_machine(arn.str());
    if (!seen.insert(item.stateMachineVersionArn).second)
      return invalid("Duplicate state machine version ARN in the routing configuration");
    sum += item.weight;
  }
  if (!found || sum != whole_weight) return invalid("Sum of routing configuration weights must equal 100");
  return *found;
}

std::string arn_of(const machine& m, std::string_view name) {
  return fmt::format("{}:{}", machine_arn_of(m.scope, m.name), name);
}

struct known_alias {
  states::machine machine;
  states::alias alias;
};

api::answer<known_alias> need_alias(store::reader& r, const std::string& text) {
  MDLC_TRY(auto arn, parse_machine_arn(text));
  auto missing = [&] {
    return api::refuse("ResourceNotFound",
                       fmt::format("Request references a resource that does not exist: '{}'", text));
  };
  auto m = find_machine(r, arn.scope, arn.name);
  if (!m || !arn.is_alias()) return missing();
  auto a = find_alias(r, m->uid, arn.qualifier);
  if (!a) return missing();
  return known_alias{*m, *a};
}

void write_alias(store::transaction& t, const machine& m, const alias& a) {
  t.run(
      "INSERT INTO states_alias (machine, name, description, routing, created_ms, updated_ms) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (machine, name) DO UPDATE SET "
      "description = excluded.description, routing = excluded.routing, updated_ms = excluded.updated_ms",
      {m.uid, a.name, a.description, routing_text(a.routing), base::to_ms(a.created), base::to_ms(a.updated)});
}

}  // namespace

int64_t alias::pick(int percent) const {
  int64_t below = 0;
  for (const auto& item : routing)
    if (percent < (below += item.weight)) return version_number(item.stateMachineVersionArn);
  return routing.empty() ? 0 : version_number(routing.back().stateMachineVersionArn);
}

std::optional<alias> find_alias(store::reader& r, std::string_view machine_uid, std::string_view name) {
  auto row = r.first(
      "SELECT name, description, routing, created_ms, updated_ms FROM states_alias WHERE machine = ?1 AND name = ?2",
      {machine_uid, name});
  if (!row) return {};
  return read_alias(*row);
}

api::answer<model::CreateStateMachineAliasOutput> create_state_machine_alias(
    service& s, api::call& c, const model::CreateStateMachineAliasInput& in) {
  using answer = api::answer<model::CreateStateMachineAliasOutput>;
  auto now = s.host.env.now();
  return c.commit([&](store::transaction& t) -> answer {
    MDLC_TRY(auto m, check_routing(t, in.routingConfiguration));
    if (auto there = find_alias(t, m.uid, in.name)) {
      if (there->description != in.description || routing_text(there->routing) != routing_text(in.routingConfiguration))
        return api::refuse("ConflictException",
                           "Failed to create alias because an alias with the same name and a different routing "
                           "configuration already exists.");
      return model::CreateStateMachineAliasOutput{arn_of(m, in.name), there->created};
    }
    write_alias(t, m, {in.name, in.description, in.routingConfiguration, now, now});
    return model::CreateStateMachineAliasOutput{arn_of(m, in.name), now};
  });
}

api::answer<model::UpdateStateMachineAliasOutput> update_state_machine_alias(
    service& s, api::call& c, const model::UpdateStateMachineAliasInput& in) {
  using answer = api::answer<model::UpdateStateMachineAliasOutput>;
  if (!in.description && !in.routingConfiguration)
    return api::refuse("ValidationException", "Either the description or the routingConfiguration must be specified");
  auto now = s.host.env.now();
  return c.commit([&](store::transaction& t) -> answer {
    MDLC_TRY(auto known, need_alias(t, in.stateMachineAliasArn));
    if (in.description) known.alias.description = in.description;
    if (in.routingConfiguration) {
      MDLC_CHECK(check_routing(t, *in.routingConfiguration));
      known.alias.routing = *in.routingConfiguration;
    }
    known.alias.updated = now;
    write_alias(t, known.machine, known.alias);
    return model::UpdateStateMachineAliasOutput{now};
  });
}

api::answer<model::DescribeStateMachineAliasOutput> describe_state_machine_alias(
    service&, api::call& c, const model::DescribeStateMachineAliasInput& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::DescribeStateMachineAliasOutput> {
    MDLC_TRY(auto known, need_alias(r, in.stateMachineAliasArn));
    const auto& a = known.alias;
    return model::DescribeStateMachineAliasOutput{
        in.stateMachineAliasArn, a.name, a.description, a.routing, a.created, a.updated};
  });
}

api::answer<model::DeleteStateMachineAliasOutput> delete_state_machine_alias(
    service&, api::call& c, const model::DeleteStateMachineAliasInput& in) {
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteStateMachineAliasOutput> {
    MDLC_TRY(auto known, need_alias(t, in.stateMachineAliasArn));
    t.run("DELETE FROM states_alias WHERE machine = ?1 AND name = ?2", {known.machine.uid, known.alias.name});
    return model::DeleteStateMachineAliasOutput{};
  });
}

// Of a machine, or of one version.
api::answer<model::ListStateMachineAliasesOutput> list_state_machine_aliases(
    service&, api::call& c, const model::ListStateMachineAliasesInput& in) {
  MDLC_TRY(auto arn, parse_machine_arn(in.stateMachineArn));
  MDLC_TRY(auto page, page_of(in.maxResults, in.nextToken));
  return c.db().read([&](store::reader& r) -> api::answer<model::ListStateMachineAliasesOutput> {
    MDLC_TRY(auto m, need_machine(r, arn));
    model::ListStateMachineAliasesOutput out;
    std::string last;
    for (const auto& row : r.query("SELECT name, description, routing, created_ms, updated_ms FROM states_alias "
                                   "WHERE machine = ?1 AND name > ?2 ORDER BY name",
                                   {m.uid, page.after})) {
      auto a = read_alias(row);
      bool routes = arn.qualifier.empty();
      for (const auto& item : a.routing) routes |= item.stateMachineVersionArn == in.stateMachineArn;
      if (!routes) continue;
      if (std::ssize(out.stateMachineAliases) == page.rows) {
        out.nextToken = token_after(last);
        break;
      }
      out.stateMachineAliases.push_back({arn_of(m, a.name), a.created});
      last = a.name;
    }
    return out;
  });
}

}  // namespace mdlc::services::states
