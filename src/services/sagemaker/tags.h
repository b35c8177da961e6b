// Tags of jobs and models, by ARN.
#pragma once

#include "services/sagemaker/model.h"
#include "store/database.h"

namespace mdlc::services::sagemaker {

inline constexpr size_t tags_max = 50;  // of one resource

void put_tags(store::transaction&, const std::string& arn, const std::vector<model::Tag>&);
std::vector<model::Tag> read_tags(store::reader&, const std::string& arn);
void remove_tags(store::transaction&, const std::string& arn);

}  // namespace mdlc::services::sagemaker
