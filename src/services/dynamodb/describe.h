// A table as DescribeTable shows it.
#pragma once

#include "services/dynamodb/table.h"

namespace mdlc::services::dynamodb {

// With what is counted at the moment.
model::TableDescription describe(store::reader&, const table&);

// As DescribeTable, DeleteTable and UpdateTable word it where there is no such table.
api::answer<catalog::pointer> find_named_table(catalog&, store::reader&, const base::scope&,
                                               std::string_view name_or_arn);

}  // namespace mdlc::services::dynamodb
