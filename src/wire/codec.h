// Requests into the normal form and answers out of it, in each of AWS's protocols. The normal form is what the JSON
// protocols carry: the model's member names, blobs in base64, times in seconds since 1970.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "json/value.h"
#include "wire/request.h"
#include "wire/shape.h"

namespace mdlc::wire {

// A request's operation, and what its path says.
struct match {
  const operation* op;
  parameters labels;  // members of the URI, decoded; REST only
};

// Which operation a request names. The refusal is AWS's for one that does not exist or that we do not serve.
// For S3, `path` is the path with the bucket in it, also where the host has it.
base::result<match, refusal> find_operation(const service&, const request&, std::string_view path);

// In the protocol's words: AWS may have it, we do not.
refusal unknown_operation(const service&, std::string_view name);

// The operation's input, whose types and constraints nobody has checked yet (validate.h). A streamed payload is not in
// it.
base::result<json::value, refusal> decode(const service&, const match&, const request&);

struct answer {
  int status = 200;
  http::headers headers;
  std::string body;
  int64_t head_length = -1;  // S3's HeadObject says the length of what it does not send
};

// `host_id` is S3's second id of a request.
struct ids {
  std::string_view request_id;
  std::string_view host_id;
};

answer encode(const service&, const operation&, const json::value& output, const ids&);
// `op` may be null: an error before there is an operation.
answer encode_error(const service&, const operation* op, const refusal&, const ids&);

// --- one protocol each; for the functions above and for tests
namespace query_protocol {
base::result<json::value, refusal> decode(const operation&, const parameters& form);
answer encode(const service&, const operation&, const json::value& output, const ids&);
answer encode_error(const service&, const refusal&, const ids&);
}  // namespace query_protocol
namespace rest_protocol {
base::result<match, refusal> find_operation(const service&, const request&, std::string_view path);
base::result<json::value, refusal> decode(const service&, const match&, const request&);
answer encode(const service&, const operation&, const json::value& output, const ids&);
}  // namespace rest_protocol
}  // namespace mdlc::wire
