#include <fmt/format.h>

#include "services/cloudformation/operations.h"
#include "services/cloudformation/service.h"

namespace mdlc::services::cloudformation {
namespace {

constexpr int64_t events_a_page = 100;

template <class Shown>
void fill(Shown& out, const resource_row& row) {
  out.LogicalResourceId = row.what.r.logical_id;
  if (!row.what.r.physical_id.empty()) out.PhysicalResourceId = row.what.r.physical_id;
  out.ResourceType = row.what.r.type;
  out.ResourceStatus = row.status;
  if (!row.reason.empty()) out.ResourceStatusReason = row.reason;
  out.DriftInformation.emplace();
  out.DriftInformation->StackResourceDriftStatus = "NOT_CHECKED";
}

}  // namespace

api::answer<model::DescribeStackResources::output> describe_stack_resources(
    service&, api::call& c, const model::DescribeStackResources::input& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::DescribeStackResources::output> {
    std::optional<stack> found;
    if (in.StackName) {
      found = find_stack(r, c.context.scope, *in.StackName);
      if (!found) return no_such_stack(*in.StackName);
    } else if (in.PhysicalResourceId) {
      for (const auto& st : list_stacks(r, c.context.scope, false))
        for (const auto& row : resources_of(r, st.identity))
          if (row.what.r.physical_id == *in.PhysicalResourceId) found = st;
      if (!found)
        return api::refuse("ValidationError", fmt::format("Stack for {} does not exist", *in.PhysicalResourceId));
    } else {
      return api::refuse("ValidationError", "One of StackName or PhysicalResourceId must be specified.");
    }
    model::DescribeStackResources::output out;
    out.StackResources.emplace();
    for (const auto& row : resources_of(r, found->identity)) {
      if (in.LogicalResourceId && row.what.r.logical_id != *in.LogicalResourceId) continue;
      model::StackResource one;
      fill(one, row);
      one.StackName = found->identity.name;
      one.StackId = found->identity.id;
      one.Timestamp = row.updated;
      out.StackResources->push_back(std::move(one));
    }
    return out;
  });
}

api::answer<model::DescribeStackResource::output> describe_stack_resource(
    service&, api::call& c, const model::DescribeStackResource::input& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::DescribeStackResource::output> {
    auto found = find_stack(r, c.context.scope, in.StackName);
    if (!found) return api::refuse("ValidationError", fmt::format("Stack '{}' does not exist", in.StackName));
    for (const auto& row : resources_of(r, found->identity)) {
      if (row.what.r.logical_id != in.LogicalResourceId) continue;
      model::DescribeStackResource::output out;
      auto& detail = out.StackResourceDetail.emplace();
      fill(detail, row);
      detail.StackName = found->identity.name;
      detail.StackId = found->identity.id;
      detail.LastUpdatedTimestamp = row.updated;
      detail.Metadata = "{}";
      return out;
    }
    return api::refuse("ValidationError", fmt::format("Resource {} does not exist for stack {}", in.LogicalResourceId,
                                                      found->identity.name));
  });
}

api::answer<model::ListStackResources::output> list_stack_resources(service&, api::call& c,
                                                                    const model::ListStackResources::input& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::ListStackResources::output> {
    auto found = find_stack(r, c.context.scope, in.StackName);
    if (!found) return no_such_stack(in.StackName);
    model::ListStackResources::output out;
    out.StackResourceSummaries.emplace();
    for (const auto& row : resources_of(r, found->identity)) {
      model::StackResourceSummary one;
      fill(one, row);
      one.LastUpdatedTimestamp = row.updated;
      out.StackResourceSummaries->push_back(std::move(one));
    }
    return out;
  });
}

api::answer<model::DescribeStackEvents::output> describe_stack_events(service&, api::call& c,
                                                                      const model::DescribeStackEvents::input& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::DescribeStackEvents::output> {
    auto found = find_stack(r, c.context.scope, in.StackName);
    if (!found) return api::refuse("ValidationError", fmt::format("Stack [{}] does not exist", in.StackName));
    int64_t before = std::numeric_limits<int64_t>::max();
    if (in.NextToken) {
      for (char digit : *in.NextToken)
        if (digit < '0' || digit > '9' || in.NextToken->size() > 18)
          return api::refuse("ValidationError", "The specified NextToken is not valid");
      before = std::stoll("0" + *in.NextToken);
    }
    model::DescribeStackEvents::output out;
    out.StackEvents.emplace();
    for (const auto& row :
         r.query("SELECT number, logical_id, physical_id, type, status, reason, properties, token, at_ms FROM "
                 "cloudformation_events WHERE account = ?1 AND region = ?2 AND stack_id = ?3 AND number < ?4 "
                 "ORDER BY number DESC LIMIT ?5",
                 {c.context.scope.account, c.context.scope.region, found->identity.id, before, events_a_page})) {
      model::StackEvent e;
      e.StackId = found->identity.id;
      e.StackName = found->identity.name;
      e.LogicalResourceId = row.text(1);
      e.PhysicalResourceId = row.text(2);
      e.ResourceType = row.text(3);
      e.ResourceStatus = row.text(4);
      if (!row.text(5).empty()) e.ResourceStatusReason = row.text(5);
      if (!row.text(6).empty()) e.ResourceProperties = row.text(6);
      if (!row.text(7).empty()) e.ClientRequestToken = row.text(7);
      e.Timestamp = base::from_ms(row.integer(8));
      e.EventId = fmt::format("{}-{}-{:06}", row.text(1), row.text(4), row.integer(0));
      out.StackEvents->push_back(std::move(e));
      if (out.StackEvents->size() == events_a_page) out.NextToken = std::to_string(row.integer(0));
    }
    return out;
  });
}

api::answer<model::ListExports::output> list_exports(service&, api::call& c, const model::ListExports::input&) {
  return c.db().read([&](store::reader& r) -> api::answer<model::ListExports::output> {
    model::ListExports::output out;
    out.Exports.emplace();
    for (const auto& e : exports(r, c.context.scope)) {
      model::Export one;
      one.ExportingStackId = e.stack_id;
      one.Name = e.name;
      one.Value = e.value;
      out.Exports->push_back(std::move(one));
    }
    return out;
  });
}

api::answer<model::ListImports::output> list_imports(service&, api::call& c, const model::ListImports::input& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::ListImports::output> {
    model::ListImports::output out;
    out.Imports = importers(r, c.context.scope, in.ExportName);
    if (out.Imports->empty())
      return api::refuse("ValidationError", fmt::format("Export '{}' is not imported by any stack.", in.ExportName));
    return out;
  });
}

}  // namespace mdlc::services::cloudformation
