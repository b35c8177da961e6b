#include <fmt/format.h>

#include "services/cloudformation/operations.h"
#include "services/cloudformation/submission.h"

namespace mdlc::services::cloudformation {
namespace {

model::Stack shown(const stack& st) {
  model::Stack out;
  out.StackId = st.identity.id;
  out.StackName = st.identity.name;
  out.StackStatus = st.status;
  if (!st.status_reason.empty()) out.StackStatusReason = st.status_reason;
  if (!st.description.empty()) out.Description = st.description;
  out.CreationTime = st.created;
  out.LastUpdatedTime = st.updated;
  out.DeletionTime = st.deleted;
  out.Parameters = shown_parameters(st);
  out.DisableRollback = st.disable_rollback;
  out.TimeoutInMinutes = st.timeout_minutes;
  if (!st.change_set.empty()) out.ChangeSetId = st.change_set;
  out.EnableTerminationProtection = st.protected_from_deletion;
  out.NotificationARNs.emplace();
  out.RollbackConfiguration.emplace();
  out.Capabilities.emplace();
  if (st.capabilities.is_array())
    for (const auto& capability : st.capabilities.get_array())
      out.Capabilities->emplace_back(json::view(capability.get_string()));
  if (!st.role.empty()) out.RoleARN = st.role;
  out.Tags.emplace();
  for (const auto& [name, value] : st.identity.tags)
    out.Tags->push_back({std::string{name}, std::string{json::view(value.get_string())}});
  if (st.outputs.is_array() && !st.outputs.get_array().empty()) {
    out.Outputs.emplace();
    for (const auto& one : st.outputs.get_array()) {
      model::Output output;
      from_json(one, output);
      out.Outputs->push_back(std::move(output));
    }
  }
  out.DriftInformation.emplace();
  out.DriftInformation->StackDriftStatus = "NOT_CHECKED";
  return out;
}

}  // namespace

std::vector<model::Parameter> shown_parameters(const stack& st) {
  std::vector<model::Parameter> out;
  auto parsed = parse_template(st.current.text);
  for (const auto& [name, value] : st.current.parameters) {
    bool secret = parsed && parsed->parameters.contains(name) && parsed->parameters.at(name).no_echo;
    model::Parameter p;
    p.ParameterKey = name;
    p.ParameterValue = secret ? "****" : value;
    out.push_back(std::move(p));
  }
  return out;
}

api::answer<model::DescribeStacks::output> describe_stacks(service&, api::call& c,
                                                           const model::DescribeStacks::input& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::DescribeStacks::output> {
    model::DescribeStacks::output out;
    out.Stacks.emplace();
    if (!in.StackName) {
      for (const auto& st : list_stacks(r, c.context.scope, false)) out.Stacks->push_back(shown(st));
      return out;
    }
    auto found = find_stack(r, c.context.scope, *in.StackName);
    if (!found) return no_such_stack(*in.StackName);
    out.Stacks->push_back(shown(*found));
    return out;
  });
}

api::answer<model::ListStacks::output> list_all_stacks(service&, api::call& c, const model::ListStacks::input& in) {
  return c.db().read([&](store::reader& r) -> api::answer<model::ListStacks::output> {
    model::ListStacks::output out;
    out.StackSummaries.emplace();
    for (const auto& st : list_stacks(r, c.context.scope, true)) {
      if (in.StackStatusFilter && !in.StackStatusFilter->empty() &&
          std::find(in.StackStatusFilter->begin(), in.StackStatusFilter->end(), st.status) ==
              in.StackStatusFilter->end())
        continue;
      model::StackSummary one;
      one.StackId = st.identity.id;
      one.StackName = st.identity.name;
      one.StackStatus = st.status;
      if (!st.status_reason.empty()) one.StackStatusReason = st.status_reason;
      if (!st.description.empty()) one.TemplateDescription = st.description;
      one.CreationTime = st.created;
      one.LastUpdatedTime = st.updated;
      one.DeletionTime = st.deleted;
      one.DriftInformation.emplace();
      one.DriftInformation->StackDriftStatus = "NOT_CHECKED";
      out.StackSummaries->push_back(std::move(one));
    }
    return out;
  });
}

}  // namespace mdlc::services::cloudformation
