// What S3 answers: each has one function. To add one: a line here, its file, and its name in the trimmed model.
#pragma once

#include "api/operation.h"
#include "services/s3/model.h"
#include "services/s3/service.h"

#define MDLC_S3_OPERATIONS(op, deferred)                                                                               \
  op(AbortMultipartUpload, abort_multipart_upload) op(CompleteMultipartUpload, complete_multipart_upload) op(          \
      CopyObject, copy_object) op(CreateBucket, create_bucket) op(CreateMultipartUpload, create_multipart_upload)      \
      op(DeleteBucket, delete_bucket) op(DeleteBucketCors, delete_bucket_cors) op(                                     \
          DeleteBucketEncryption, delete_bucket_encryption) op(DeleteBucketLifecycle, delete_bucket_lifecycle)         \
          op(DeleteBucketOwnershipControls, delete_bucket_ownership_controls) op(                                      \
              DeleteBucketPolicy, delete_bucket_policy) op(DeleteBucketTagging, delete_bucket_tagging)                 \
              op(DeleteObject, delete_object) op(DeleteObjectTagging, delete_object_tagging) op(                       \
                  DeleteObjects, delete_objects) op(DeletePublicAccessBlock, delete_public_access_block)               \
                  op(GetBucketAcl, get_bucket_acl) op(GetBucketCors, get_bucket_cors) op(                              \
                      GetBucketEncryption, get_bucket_encryption) op(GetBucketLifecycleConfiguration,                  \
                                                                     get_bucket_lifecycle_configuration)               \
                      op(GetBucketLocation, get_bucket_location) op(GetBucketLogging, get_bucket_logging) op(          \
                          GetBucketNotificationConfiguration, get_bucket_notification_configuration)                   \
                          op(GetBucketOwnershipControls, get_bucket_ownership_controls) op(                            \
                              GetBucketPolicy, get_bucket_policy) op(GetBucketTagging, get_bucket_tagging)             \
                              op(GetBucketVersioning, get_bucket_versioning) op(GetObject, get_object) op(             \
                                  GetObjectAcl, get_object_acl) op(GetObjectAttributes,                                \
                                                                   get_object_attributes) op(GetObjectTagging,         \
                                                                                             get_object_tagging)       \
                                  op(GetPublicAccessBlock, get_public_access_block) op(HeadBucket, head_bucket) op(    \
                                      HeadObject, head_object) op(ListBuckets, list_buckets)                           \
                                      op(ListMultipartUploads, list_multipart_uploads) op(                             \
                                          ListObjectVersions, list_object_versions) op(ListObjects, list_objects)      \
                                          op(ListObjectsV2, list_objects_v2) op(ListParts, list_parts) op(             \
                                              PutBucketAcl, put_bucket_acl) op(PutBucketCors, put_bucket_cors)         \
                                              op(PutBucketEncryption, put_bucket_encryption) op(                       \
                                                  PutBucketLifecycleConfiguration, put_bucket_lifecycle_configuration) \
                                                  op(PutBucketLogging, put_bucket_logging) op(                         \
                                                      PutBucketNotificationConfiguration,                              \
                                                      put_bucket_notification_configuration)                           \
                                                      op(PutBucketOwnershipControls, put_bucket_ownership_controls)    \
                                                          op(PutBucketPolicy, put_bucket_policy)                       \
                                                              op(PutBucketTagging, put_bucket_tagging)                 \
                                                                  op(PutBucketVersioning, put_bucket_versioning)       \
                                                                      op(PutObject, put_object)                        \
                                                                          op(PutObjectTagging, put_object_tagging) op( \
                                                                              PutPublicAccessBlock,                    \
                                                                              put_public_access_block)                 \
                                                                              op(UploadPart, upload_part)              \
                                                                                  op(UploadPartCopy, upload_part_copy)

namespace mdlc::services::s3 {

MDLC_DECLARE_OPERATIONS(MDLC_S3_OPERATIONS)

}  // namespace mdlc::services::s3
