// AWS STS: who signs, and temporary credentials. Also the issuer of the credentials that jobs and functions get, and
// the one who knows every access key.
#pragma once

#include <memory>

#include "api/host.h"
#include "services/sts/session.h"

namespace mdlc::services::sts {

// What a role session lives if nobody says otherwise, as on AWS, and what jobs and functions get.
inline constexpr int64_t default_role_session_seconds = 3600;
inline constexpr int64_t default_session_token_seconds = 12 * 3600;
inline constexpr int64_t program_session_seconds = 30 * 24 * 3600;

class service : public api::service {
 public:
  service(api::host&, wire::client_key owner);

  base::result<api::signer, wire::auth_error> find_signer(std::string_view access_key, std::string_view token) const;
  // `role_id`: AROA…, or empty for one made of the ARN.
  api::credentials assume(const std::string& account, std::string_view role_arn, std::string_view session_name,
                          int64_t seconds, std::string_view role_id = {}) const;

  api::host& host;
  const wire::client_key owner;
  const sealer sessions;
};

// arn:aws:sts::000000000000:assumed-role/Name/session of a role's ARN.
std::string assumed_role_arn(std::string_view role_arn, std::string_view session_name);

// Opens the data folder's access key (which is made if there is none) and sets host.find_signer and host.assume_role.
// Throws std::runtime_error where the key cannot be read.
std::unique_ptr<api::service> make(api::host&);

}  // namespace mdlc::services::sts
