// What CloudWatch Logs does here: THE list.
#pragma once

#include "api/operation.h"
#include "services/logs/model.h"

namespace mdlc::services::logs {

class service;

#define MDLC_LOGS_OPERATIONS(op, deferred)                                                                         \
  op(CreateLogGroup, create_log_group) op(CreateLogStream, create_log_stream) op(DeleteLogGroup, delete_log_group) \
      op(DeleteLogStream, delete_log_stream) op(DeleteRetentionPolicy, delete_retention_policy)                    \
          op(DescribeLogGroups, describe_log_groups) op(DescribeLogStreams, describe_log_streams)                  \
              op(FilterLogEvents, filter_log_events) op(GetLogEvents, get_log_events)                              \
                  op(ListTagsForResource, list_tags_for_resource) op(ListTagsLogGroup, list_tags_log_group)        \
                      op(PutLogEvents, put_log_events) op(PutRetentionPolicy, put_retention_policy)                \
                          op(TagLogGroup, tag_log_group) op(TagResource, tag_resource)                             \
                              op(UntagResource, untag_resource)

MDLC_DECLARE_OPERATIONS(MDLC_LOGS_OPERATIONS)

}  // namespace mdlc::services::logs
