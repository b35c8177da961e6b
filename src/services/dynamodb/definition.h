// What a table may be: the checks that CreateTable and UpdateTable make, and the descriptions they leave.
#pragma once

#include "base/time.h"
#include "services/dynamodb/table.h"

namespace mdlc::services::dynamodb {

inline constexpr size_t max_global_indexes = 20;
inline constexpr size_t max_local_indexes = 5;
inline constexpr size_t max_projected_attributes = 100;  // NonKeyAttributes of all indexes together

// Names, keys, attribute definitions, projections and indexes of a whole definition.
api::answer<void> check_definition(const model::TableDescription&);

model::ProvisionedThroughputDescription describe_throughput(const std::optional<model::ProvisionedThroughput>&);
model::GlobalSecondaryIndexDescription describe_global(const base::scope&, const std::string& table,
                                                       const model::GlobalSecondaryIndex&);
model::LocalSecondaryIndexDescription describe_local(const base::scope&, const std::string& table,
                                                     const model::LocalSecondaryIndex&);

// Sets what the settings of both operations say. `now` is when.
api::answer<void> set_billing(model::TableDescription&, const std::optional<std::string>& mode,
                              const std::optional<model::ProvisionedThroughput>&, base::time_point now);
void set_encryption(table&, const model::SSESpecification&);
void set_stream(model::TableDescription&, const model::StreamSpecification&);
void set_class(model::TableDescription&, const std::string& name, base::time_point now);

}  // namespace mdlc::services::dynamodb
