// A request as the codecs and the signature see it.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "json/value.h"
#include "wire/uri.h"

namespace mdlc::wire {

struct request {
  std::string method;
  std::string path;  // still percent-encoded, as it was sent
  parameters query;  // decoded
  http::headers headers;
  std::string body;  // empty where it is streamed

  explicit request(const http::request_head& head);
  request() = default;
};

// What the server says of a request that no operation sees, or of one that an operation refused.
struct refusal {
  std::string code;
  std::string message;
  int status = 400;
  json::object members{};  // more of the error, in normal form
};

}  // namespace mdlc::wire
