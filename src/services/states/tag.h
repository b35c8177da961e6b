// Tags of machines and activities.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/error.h"
#include "services/states/model.h"
#include "store/database.h"

namespace mdlc::services::states {

inline constexpr int64_t tags_max = 50;

// Refuses TooManyTags. Of two with the same key the first counts, as on AWS.
api::answer<void> add_tags(store::transaction&, std::string_view arn, const std::vector<model::Tag>&);
std::vector<model::Tag> read_tags(store::reader&, std::string_view arn);

}  // namespace mdlc::services::states
