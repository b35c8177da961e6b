#include "api/waiter.h"

#include <algorithm>
#include <array>

namespace mdlc::api {
namespace {

// Where each operation's answer says how the thing is.
struct place {
  std::string_view service, operation;
  std::string_view within;  // the structure, or the list's only element; empty: the answer itself
  std::string_view status;
};
constexpr std::array places{
    place{"cloudformation", "DescribeStacks", "Stacks", "StackStatus"},
    place{"cloudformation", "DescribeChangeSet", "", "Status"},
    place{"dynamodb", "DescribeTable", "Table", "TableStatus"},
    place{"lambda", "GetFunctionConfiguration", "", "LastUpdateStatus"},
    place{"lambda", "GetFunction", "Configuration", "LastUpdateStatus"},
    place{"sagemaker", "DescribeTrainingJob", "", "TrainingJobStatus"},
    place{"sagemaker", "DescribeProcessingJob", "", "ProcessingJobStatus"},
    place{"sagemaker", "DescribeHyperParameterTuningJob", "", "HyperParameterTuningJobStatus"},
    place{"sagemaker", "DescribeTransformJob", "", "TransformJobStatus"},
    place{"sagemaker", "DescribeEndpoint", "", "EndpointStatus"},
};

constexpr std::array endings{std::string_view{"_IN_PROGRESS"}, std::string_view{"_PENDING"}};
constexpr std::array words{
    std::string_view{"InProgress"}, std::string_view{"Stopping"},    std::string_view{"CREATING"},
    std::string_view{"UPDATING"},   std::string_view{"DELETING"},    std::string_view{"Creating"},
    std::string_view{"Updating"},   std::string_view{"RollingBack"}, std::string_view{"Deleting"}};
// Its end is the user's to bring about.
constexpr std::string_view at_rest = "REVIEW_IN_PROGRESS";

bool says_under_way(std::string_view status) {
  if (status == at_rest) return false;
  return std::ranges::find(words, status) != words.end() ||
         std::ranges::any_of(endings, [&](auto end) { return status.ends_with(end); });
}

}  // namespace

bool is_waiter(std::string_view user_agent) {
  const auto features = user_agent.find(" m/");
  if (features == std::string_view::npos) return false;
  auto rest = user_agent.substr(features + 3);
  rest = rest.substr(0, rest.find(' '));
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    if (rest.substr(0, comma) == "B") return true;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return false;
}

bool is_under_way(std::string_view service, std::string_view operation, const json::value& answer) {
  for (const auto& p : places) {
    if (p.service != service || p.operation != operation) continue;
    const auto* thing = p.within.empty() ? &answer : json::find(answer, p.within);
    if (thing && thing->is_array()) thing = thing->get_array().size() == 1 ? &thing->get_array()[0] : nullptr;
    return thing && says_under_way(json::text(*thing, p.status));
  }
  return false;
}

}  // namespace mdlc::api
