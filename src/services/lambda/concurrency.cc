// Reserved concurrency: how many invocations of a function run at the same time, over all its versions.
#include "services/lambda/operations.h"

namespace mdlc::services::lambda {

api::answer<model::PutFunctionConcurrency::output> put_function_concurrency(
    service& s, api::call& c, const model::PutFunctionConcurrencyRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName));
  const int64_t all = s.functions.limits().queued;
  if (in.ReservedConcurrentExecutions > all)
    return invalid_value(
        fmt::format("Specified ReservedConcurrentExecutions for function decreases account's "
                    "UnreservedConcurrentExecution below its minimum value of [0]."));
  return c.commit([&](store::transaction& t) -> api::answer<model::PutFunctionConcurrency::output> {
    MDLC_TRY(auto f, need_function(t, name));
    f.reserved = in.ReservedConcurrentExecutions;
    write(t, f);
    model::PutFunctionConcurrency::output out;
    out.ReservedConcurrentExecutions = f.reserved;
    return out;
  });
}

api::answer<model::GetFunctionConcurrencyResponse> get_function_concurrency(
    service& s, api::call& c, const model::GetFunctionConcurrencyRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName));
  return s.host.db.read([&](store::reader& r) -> api::answer<model::GetFunctionConcurrencyResponse> {
    MDLC_TRY(const auto f, need_function(r, name));
    model::GetFunctionConcurrencyResponse out;
    out.ReservedConcurrentExecutions = f.reserved;
    return out;
  });
}

api::answer<model::DeleteFunctionConcurrency::output> delete_function_concurrency(
    service&, api::call& c, const model::DeleteFunctionConcurrencyRequest& in) {
  MDLC_TRY(const auto name, parse_function_name(c.context.scope, in.FunctionName));
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteFunctionConcurrency::output> {
    MDLC_TRY(auto f, need_function(t, name));
    f.reserved.reset();
    write(t, f);
    return model::DeleteFunctionConcurrency::output{};
  });
}

}  // namespace mdlc::services::lambda
