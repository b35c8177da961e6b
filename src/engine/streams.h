// Streamed payloads (an S3 object) of operations that a procedure calls: a procedure has them as a member like any
// other.
#pragma once

#include "api/registry.h"
#include "blob/store.h"

namespace mdlc::engine {

// Of a streamed answer so many bytes are read: more than any payload of a workflow may have, so that the workflow sees
// that it is too much.
inline constexpr int64_t streamed_answer_bytes_max = 1024 * 1024;

// Moves the streamed member (base64 in normal form) out of `input` into a blob of the call.
base::result<void> stage_body(const wire::operation&, json::value& input, api::call&, blob::store&);

// The answer with the streamed payload as its member, if there is one.
api::answer<json::value> with_body(const wire::operation&, const api::answer<json::value>&, const api::call&);

}  // namespace mdlc::engine
