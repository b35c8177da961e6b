#include "services/sts/session.h"

#include "base/bytes.h"

namespace mdlc::services::sts {
namespace {

constexpr size_t seal_bytes = 32;

auto refused(wire::auth_failure why) { return tl::unexpected(wire::auth_error{why}); }

}  // namespace

sealer::sealer(std::string_view secret)
    : seal_key_(base::hmac_sha256(secret, "session token seal")),
      secret_key_(base::hmac_sha256(secret, "session secret key")) {}

std::string sealer::secret_of(std::string_view token) const {
  return base::to_base64(base::hmac_sha256(secret_key_, token)).substr(0, 40);
}

api::credentials sealer::seal(const session& s, std::string access_key) const {
  auto content = json::print(json::object{
      {"k", access_key}, {"a", s.account}, {"p", s.principal}, {"u", s.user_id}, {"e", base::to_ms(s.expires)}});
  auto token = base::to_base64(base::hmac_sha256(seal_key_, content) + content);
  auto secret = secret_of(token);
  return {std::move(access_key), std::move(secret), std::move(token)};
}

base::result<session, wire::auth_error> sealer::open(std::string_view access_key, std::string_view token,
                                                     base::time_point now) const {
  auto raw = base::from_base64(token);
  if (!raw || raw->size() < seal_bytes) return refused(wire::auth_failure::wrong_token);
  auto content = std::string_view{*raw}.substr(seal_bytes);
  if (!base::equal_in_constant_time(base::hmac_sha256(seal_key_, content),
                                    std::string_view{*raw}.substr(0, seal_bytes)))
    return refused(wire::auth_failure::wrong_token);
  auto parsed = json::parse(content);
  if (!parsed || json::text(*parsed, "k") != access_key) return refused(wire::auth_failure::wrong_token);
  const auto* expires = json::find(*parsed, "e");
  session out{std::string{json::text(*parsed, "a")}, std::string{json::text(*parsed, "p")},
              std::string{json::text(*parsed, "u")}, base::from_ms(expires->as_int64())};
  if (out.expires <= now) return refused(wire::auth_failure::expired_token);
  return out;
}

}  // namespace mdlc::services::sts
