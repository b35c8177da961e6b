// What DynamoDB does here: THE list.
#pragma once

#include "api/operation.h"
#include "services/dynamodb/model.h"

namespace mdlc::services::dynamodb {

class service;

#define MDLC_DYNAMODB_OPERATIONS(op, deferred)                                                                       \
  op(BatchGetItem, batch_get_item) op(BatchWriteItem, batch_write_item) op(CreateTable, create_table)                \
      op(DeleteItem, delete_item) op(DeleteTable, delete_table)                                                      \
          op(DescribeContinuousBackups, describe_continuous_backups) op(DescribeEndpoints, describe_endpoints)       \
              op(DescribeLimits, describe_limits) op(DescribeTable, describe_table)                                  \
                  op(DescribeTimeToLive, describe_time_to_live) op(GetItem, get_item) op(ListTables, list_tables)    \
                      op(ListTagsOfResource, list_tags_of_resource) op(PutItem, put_item) op(Query, query)           \
                          op(Scan, scan) op(TagResource, tag_resource) op(TransactGetItems, transact_get_items)      \
                              op(TransactWriteItems, transact_write_items) op(UntagResource, untag_resource)         \
                                  op(UpdateContinuousBackups, update_continuous_backups) op(UpdateItem, update_item) \
                                      op(UpdateTable, update_table) op(UpdateTimeToLive, update_time_to_live)

MDLC_DECLARE_OPERATIONS(MDLC_DYNAMODB_OPERATIONS)

}  // namespace mdlc::services::dynamodb
