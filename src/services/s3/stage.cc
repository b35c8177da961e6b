#include "services/s3/stage.h"

#include "services/s3/errors.h"

namespace mdlc::services::s3 {
namespace {

api::answer<void> check_md5(const std::optional<std::string>& given, std::string_view computed) {
  if (!given) return {};
  auto raw = base::from_base64(*given);
  if (!raw || raw->size() != computed.size())
    return refuse_with("InvalidDigest", "The Content-MD5 you specified was invalid.", 400, {{"Content-MD5", *given}});
  if (*raw == computed) return {};
  return refuse_with("BadDigest", "The Content-MD5 you specified did not match what we received.", 400, {});
}

}  // namespace

api::answer<void> check_size(int64_t bytes) {
  if (bytes <= max_put_bytes) return {};
  return refuse_with("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400,
                     {{"ProposedSize", std::to_string(bytes)}, {"MaxSizeAllowed", std::to_string(max_put_bytes)}});
}

api::answer<staged> take_body(service& s, api::call& c) {
  if (c.body) return api::answer<staged>(tl::in_place, s, *c.body);
  auto empty = s.host.blobs.put({});
  if (!empty) return tl::unexpected(api::internal_error(empty.error().message));
  return api::answer<staged>(tl::in_place, s, *empty);
}

api::answer<checked_body> digest_blob(service& s, const blob::ref& body, const algorithm& of) {
  auto bytes = s.host.blobs.open_slice(body);
  if (!bytes) return tl::unexpected(api::internal_error(bytes.error().message));
  auto computed = digest(*bytes, of);
  if (!computed) return tl::unexpected(api::internal_error(computed.error().message));
  return checked_body{std::move(computed->md5), &of, std::move(computed->checksum)};
}

api::answer<const algorithm*> named_algorithm(const api::call& c, const json::value& input) {
  if (c.body_digests.checksum_declared) return find_algorithm(c.body_digests.checksum_algorithm);
  MDLC_TRY(auto claim, claimed(input));
  return claim ? claim->of : nullptr;
}

api::answer<checked_body> check_body(service& s, const api::call& c, const blob::ref& body, const json::value& input,
                                     const std::optional<std::string>& content_md5, const algorithm& fallback) {
  MDLC_CHECK(check_size(body.size));
  MDLC_TRY(auto named, named_algorithm(c, input));
  const auto& of = named ? *named : fallback;
  const auto& known = c.body_digests;
  if (!known.md5.empty() && known.checksum_algorithm == of.name)
    return checked_body{base::from_hex(known.md5).value(), &of, known.checksum};
  MDLC_TRY(auto found, digest_blob(s, body, of));
  if (!known.md5.empty()) return found;  // dispatch has checked the claims
  MDLC_CHECK(check_md5(content_md5, found.md5));
  MDLC_TRY(auto claim, claimed(input));
  if (claim && claim->value && *claim->value != found.checksum) return bad_digest(claim->of->name);
  return found;
}

}  // namespace mdlc::services::s3
