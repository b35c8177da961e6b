// `aws-sdk:<service>:<operation>`: any operation of the registry, named and answered as AWS's SDK for Java does.
#include <cctype>

#include "services/states/integrations/errors.h"
#include "services/states/integrations/kinds.h"
#include "services/states/integrations/sdk_form.h"

namespace mdlc::services::states::integrations {
namespace {

std::string lower(std::string s) {
  for (char& c : s) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return s;
}

class aws_sdk : public integration {
 public:
  explicit aws_sdk(const api::registry& r) : registry_(r) {}

  bool serves(const asl::task& t) const override {
    return entry_of(t) &&
           (t.pattern == asl::task_pattern::request_response || t.pattern == asl::task_pattern::wait_for_task_token);
  }

  outcome<call> begin(const asl::task& t) const override { return call_with_parameters(*entry_of(t), t); }

  outcome<json::value> result(const asl::task& t, const reply& r) const override {
    auto* e = entry_of(t);
    if (!r.answer)
      return tl::unexpected(failure_of(*e->service, sdk_style(*e->service), r.answer.error(), r.request_id));
    return to_result(*e->op.model->output, *r.answer, times::iso8601);
  }

  failure lost(const asl::task& t) const override {
    auto name = sdk_name(entry_of(t)->service->id);
    return {.error = name + ".SdkClientException",
            .cause = "Unable to execute HTTP request: the server stopped before the answer came."};
  }

  const wire::shape* input_shape(const asl::task& t) const override { return entry_of(t)->op.model->input; }

 private:
  const api::registry::entry* entry_of(const asl::task& t) const {
    constexpr std::string_view prefix = "aws-sdk:";
    auto wanted = std::string_view{t.resource_type}.substr(prefix.size());
    for (auto* s : registry_.services())
      if (lower(sdk_name(s->id)) == wanted) return registry_.find(s->name, operation_of(t));
    return nullptr;
  }

  const api::registry& registry_;
};

}  // namespace

std::unique_ptr<integration> make_aws_sdk(const api::registry& r) { return std::make_unique<aws_sdk>(r); }

}  // namespace mdlc::services::states::integrations
