// Temporary credentials without a table: the session token itself says whose they are and until when, sealed with a key
// that only this data folder's server has. So they outlive a restart, and nothing has to be swept.
#pragma once

#include <string>
#include <string_view>

#include "api/host.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/sigv4.h"

namespace mdlc::services::sts {

struct session {
  std::string account;
  std::string principal;  // ARN of the assumed role, or of the user
  std::string user_id;    // AROA…:name; what GetCallerIdentity shows
  base::time_point expires;
};

class sealer {
 public:
  // `secret`: the data folder's secret key.
  explicit sealer(std::string_view secret);

  api::credentials seal(const session&, std::string access_key) const;
  // The session behind a key and its token: wrong_token if it is not ours, expired_token if it is over.
  base::result<session, wire::auth_error> open(std::string_view access_key, std::string_view token,
                                               base::time_point now) const;
  // The secret that belongs to a token that we made.
  std::string secret_of(std::string_view token) const;

 private:
  const std::string seal_key_;
  const std::string secret_key_;
};

}  // namespace mdlc::services::sts
