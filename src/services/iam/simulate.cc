#include <charconv>

#include "services/iam/common.h"
#include "services/iam/operations.h"
#include "services/iam/rows.h"
#include "services/iam/service.h"

namespace mdlc::services::iam {
namespace {

// "Name" of arn:aws:iam::000000000000:role/path/Name
std::string name_in(std::string_view arn) { return std::string{arn.substr(arn.rfind('/') + 1)}; }

model::EvaluationResult allowed(const std::string& action, const std::string& resource) {
  model::EvaluationResult result;
  result.EvalActionName = action;
  result.EvalResourceName = resource;
  result.EvalDecision = "allowed";
  result.MatchedStatements.emplace();
  result.MissingContextValues.emplace();
  return result;
}

}  // namespace

// Policies are kept here and refuse nobody: what a role is asked about is what it may do.
api::answer<model::SimulatePolicyResponse> simulate_principal_policy(service&, api::call& c,
                                                                     const model::SimulatePrincipalPolicyRequest& in) {
  MDLC_TRY(const auto after, start_of(in.Marker));
  const auto page = static_cast<size_t>(in.MaxItems.value_or(default_page));
  MDLC_TRY(const auto role, c.db().read([&](store::reader& r) {
    return find_role(r, c.context.scope.account, name_in(in.PolicySourceArn));
  }));
  if (role.Arn != in.PolicySourceArn)
    return api::refuse("NoSuchEntity",
                       fmt::format("The role with name {} cannot be found.", name_in(in.PolicySourceArn)), 404);
  std::vector<std::string> resources = in.ResourceArns.value_or(std::vector<std::string>{});
  if (resources.empty()) resources.emplace_back("*");
  size_t begin = 0;
  std::from_chars(after.data(), after.data() + after.size(), begin);
  const auto total = in.ActionNames.size() * resources.size();
  const auto end = std::min(total, begin + page);
  std::vector<model::EvaluationResult> results;
  for (auto i = begin; i < end; ++i)
    results.push_back(allowed(in.ActionNames[i / resources.size()], resources[i % resources.size()]));
  const bool more = end < total;
  return model::SimulatePolicyResponse{std::move(results), more,
                                       more ? std::optional{print_marker(fmt::format("{}", end))} : std::nullopt};
}

}  // namespace mdlc::services::iam
