#include "services/sts/service.h"

#include <stdexcept>

#include "base/bytes.h"
#include "services/sts/operations.h"
#include "wire/key_file.h"

namespace mdlc::services::sts {
namespace {

// For roles whose id nobody asked IAM for: the same one for the same ARN.
std::string id_of_arn(std::string_view role_arn) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out = "AROA";
  for (char c : base::sha256(role_arn).substr(0, 17)) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

std::string user_arn(std::string_view account) { return fmt::format("arn:aws:iam::{}:root", account); }

}  // namespace

std::string assumed_role_arn(std::string_view role_arn, std::string_view session_name) {
  auto parsed = base::parse_arn(role_arn);
  auto account = parsed ? parsed->account : std::string{base::default_account};
  auto name = role_arn.substr(role_arn.rfind('/') + 1);
  return fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", account, name, session_name);
}

service::service(api::host& h, wire::client_key key) : host(h), owner(std::move(key)), sessions(owner.secret_key) {}

base::result<api::signer, wire::auth_error> service::find_signer(std::string_view access_key,
                                                                 std::string_view token) const {
  std::string account{base::default_account};
  if (access_key == owner.access_key) {
    if (!token.empty()) return tl::unexpected(wire::auth_error{wire::auth_failure::wrong_token});
    return api::signer{owner.secret_key, account, user_arn(account), account};
  }
  if (token.empty()) return tl::unexpected(wire::auth_error{wire::auth_failure::unknown_key});
  auto session = sessions.open(access_key, token, host.env.now());
  if (!session) return tl::unexpected(session.error());
  return api::signer{sessions.secret_of(token), session->account, session->principal, session->user_id};
}

api::credentials service::assume(const std::string& account, std::string_view role_arn, std::string_view session_name,
                                 int64_t seconds, std::string_view role_id) const {
  auto id = role_id.empty() ? id_of_arn(role_arn) : std::string{role_id};
  return sessions.seal({account, assumed_role_arn(role_arn, session_name), fmt::format("{}:{}", id, session_name),
                        host.env.now() + std::chrono::seconds{seconds}},
                       wire::new_access_key("ASIA", host.env));
}

std::unique_ptr<api::service> make(api::host& h) {
  auto key = wire::open_key_file(h.data_folder, h.env);
  if (!key) throw std::runtime_error(key.error().message);
  auto made = std::make_unique<service>(h, *std::move(key));
  auto& self = *made;
  h.operations.add(model::api, MDLC_OPERATION_TABLE(MDLC_STS_OPERATIONS));
  h.find_signer = [&self](std::string_view access_key, std::string_view token) {
    return self.find_signer(access_key, token);
  };
  h.assume_role = [&self](const base::scope& scope, std::string_view role_arn, std::string_view session_name) {
    return self.assume(scope.account, role_arn, session_name, program_session_seconds);
  };
  return made;
}

}  // namespace mdlc::services::sts
