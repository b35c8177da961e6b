// What an operation is, and how a service lists its own.
//
// In services/<name>/operations.h:
//
//   #define MDLC_STS_OPERATIONS(op, deferred) op(GetCallerIdentity, get_caller_identity)
//   MDLC_DECLARE_OPERATIONS(MDLC_STS_OPERATIONS)
//
// declares   api::answer<model::GetCallerIdentity::output>
//            get_caller_identity(service&, api::call&, const model::GetCallerIdentity::input&);
// to be written in get_caller_identity.cc. An operation whose answer another request must deliver is listed with
// `deferred` and is
//            void invoke(service&, std::shared_ptr<api::call>, model::Invoke::input,
//            api::completion<model::Invoke::output>);
// In service.cc, MDLC_OPERATION_TABLE(MDLC_STS_OPERATIONS) is the list as data, to be given to the registry.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "api/call.h"
#include "wire/shape.h"

namespace mdlc::api {

template <class Out>
using completion = std::function<void(answer<Out>)>;

// An operation with its types erased; inputs and answers in the normal form (what AWS's JSON protocols carry: blobs in
// base64, times in epoch seconds), already decoded and validated.
struct operation {
  const wire::operation* model;
  // Null for a deferred one.
  std::function<answer<json::value>(call&, const json::value& input)> run;
  // Null for a plain one.
  std::function<void(std::shared_ptr<call>, const json::value& input, completion<json::value>)> defer;
};

// The adapters between typed functions and the erased form; `Op` is generated: input, output, and wire::operation
// model.
template <class Op, class Service, class F>
operation plain_operation(Service& s, F function) {
  return {&Op::model,
          [&s, function](call& c, const json::value& in) -> answer<json::value> {
            typename Op::input typed;
            from_json(in, typed);
            auto out = function(s, c, typed);
            if (!out) return tl::unexpected(std::move(out).error());
            return to_json(*out);
          },
          {}};
}

template <class Op, class Service, class F>
operation deferred_operation(Service& s, F function) {
  return {&Op::model, {}, [&s, function](std::shared_ptr<call> c, const json::value& in, completion<json::value> done) {
            typename Op::input typed;
            from_json(in, typed);
            function(s, std::move(c), std::move(typed), [done = std::move(done)](answer<typename Op::output> out) {
              if (!out)
                done(tl::unexpected(std::move(out).error()));
              else
                done(to_json(*out));
            });
          }};
}

}  // namespace mdlc::api

#define MDLC_DECLARE_PLAIN_(Op, function) \
  ::mdlc::api::answer<model::Op::output> function(service&, ::mdlc::api::call&, const model::Op::input&);
#define MDLC_DECLARE_DEFERRED_(Op, function)                                    \
  void function(service&, std::shared_ptr<::mdlc::api::call>, model::Op::input, \
                ::mdlc::api::completion<model::Op::output>);
#define MDLC_DECLARE_OPERATIONS(LIST) LIST(MDLC_DECLARE_PLAIN_, MDLC_DECLARE_DEFERRED_)

#define MDLC_PLAIN_ROW_(Op, function) ::mdlc::api::plain_operation<model::Op>(self, &function),
#define MDLC_DEFERRED_ROW_(Op, function) ::mdlc::api::deferred_operation<model::Op>(self, &function),
// Where `self` is the service: a std::vector<api::operation>.
#define MDLC_OPERATION_TABLE(LIST) \
  std::vector<::mdlc::api::operation> { LIST(MDLC_PLAIN_ROW_, MDLC_DEFERRED_ROW_) }
