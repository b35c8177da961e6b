#include "engine/streams.h"

#include <unistd.h>

#include "base/bytes.h"

namespace mdlc::engine {
namespace {

// The name of the member that is streamed; empty if none is.
std::string_view streamed_member(const wire::shape& s) {
  for (const auto& m : s.members)
    if (m.target->streaming) return m.name;
  return {};
}

std::string read_start(const blob::slice& body) {
  std::string bytes(static_cast<size_t>(std::min(body.count(), streamed_answer_bytes_max)), '\0');
  size_t have = 0;
  while (have < bytes.size()) {
    auto got = ::pread(body.fd(), bytes.data() + have, bytes.size() - have, body.offset() + static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace

base::result<void> stage_body(const wire::operation& o, json::value& input, api::call& c, blob::store& blobs) {
  auto name = streamed_member(*o.input);
  if (name.empty() || !input.is_object()) return {};
  std::string bytes;
  if (auto* given = input.get_object().if_contains(name); given && given->is_string()) {
    MDLC_TRY(bytes, base::from_base64(json::view(given->get_string())));
    input.get_object().erase(name);
  }
  MDLC_TRY(c.body, blobs.put(bytes));
  return {};
}

api::answer<json::value> with_body(const wire::operation& o, const api::answer<json::value>& answer,
                                   const api::call& c) {
  auto name = streamed_member(*o.output);
  if (!answer || name.empty() || !c.reply.body || !answer->is_object()) return answer;
  auto out = *answer;
  out.get_object()[name] = base::to_base64(read_start(*c.reply.body));
  return out;
}

}  // namespace mdlc::engine
