#include <fmt/format.h>

#include "services/cloudformation/types.h"

namespace mdlc::services::cloudformation {
namespace {

// A handle has no effect of its own here; templates use it as an empty resource.
api::answer<calls> create_handle(const stack_identity&, const resource&) { return calls{}; }

void absorb_handle(const stack_identity& stack, resource& r, const operation_call&, const json::value&) {
  r.physical_id = fmt::format("{}/{}", stack.id, r.logical_id);
}

api::answer<calls> update_handle(const stack_identity&, const resource&, const former&) { return calls{}; }

calls remove_handle(const stack_identity&, const resource&) { return {}; }

}  // namespace

std::span<const resource_type> cloudformation_types() {
  static const std::array types{
      resource_type{.name = "AWS::CloudFormation::WaitConditionHandle",
                    .create = create_handle,
                    .absorb = absorb_handle,
                    .update = update_handle,
                    .remove = remove_handle},
  };
  return types;
}

}  // namespace mdlc::services::cloudformation
