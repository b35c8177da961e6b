// IAM's rows, read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/error.h"
#include "services/iam/model.h"
#include "store/database.h"

namespace mdlc::services::iam {

// NoSuchEntity where there is none.
api::answer<model::Role> find_role(store::reader&, const std::string& account, const std::string& name);
// At most `limit` in the order of their keys, from behind `after`.
std::vector<model::Role> read_roles(store::reader&, const std::string& account, const std::string& path_prefix,
                                    const std::string& after, int64_t limit);

// A managed policy of the account, or one of AWS's own, of which only the name is known.
api::answer<model::Policy> find_policy(store::reader&, const std::string& account, const std::string& arn);
std::vector<model::Policy> read_policies(store::reader&, const std::string& account, const std::string& path_prefix,
                                         bool only_attached, const std::string& after, int64_t limit);

int64_t count(store::reader&, std::string_view sql, store::parameters);

}  // namespace mdlc::services::iam
