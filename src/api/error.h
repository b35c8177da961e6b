// What a customer sees when a call is refused or fails: AWS's code, AWS's words, an HTTP status.
#pragma once

#include <string>

#include "base/result.h"
#include "json/value.h"

namespace mdlc::api {

struct error {
  std::string code;        // "ResourceNotFoundException"
  std::string message;     // never a path of the server, never a stack
  int status = 400;        // 4xx: the caller's fault; 5xx: ours
  json::object members{};  // what else the error's shape has (CancellationReasons, Item, …), in normal form
  // Ours, unforeseen: the reason is in the log under the request id. Never recorded as a command's answer.
  bool is_internal = false;
  std::string reason{};  // of an internal one, for the log
};

template <class T>
using answer = base::result<T, error>;

inline tl::unexpected<error> refuse(std::string code, std::string message, int status = 400) {
  return tl::unexpected(error{std::move(code), std::move(message), status});
}

// AWS's words when a service fails: HTTP 500, InternalFailure. `why` goes to the log only, where the registry writes it
// with the request's id.
error internal_error(std::string_view why);

}  // namespace mdlc::api
