#include "services/s3/schema.h"

namespace mdlc::services::s3 {
namespace {

// Bucket names are global, so that they alone begin the keys. An object's newest version has the lowest version_order
// of its key: a listing is one range of the primary key, and the first row of a key is the current one. Keys are
// compared byte by byte, which is the order that S3 lists in.
//
// JSON columns: attributes are members of GetObject's answer, checksum is its Checksum… members, tags are a list of
// Tag, parts a list of {Size, Checksum…}; a bucket's settings are the inputs that set them.
constexpr store::migration steps[] = {{1, R"(
  CREATE TABLE s3_bucket (
    name TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    versioning TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE s3_bucket_setting (
    bucket TEXT NOT NULL,
    name TEXT NOT NULL,
    setting TEXT NOT NULL,
    PRIMARY KEY (bucket, name)) WITHOUT ROWID;
  CREATE TABLE s3_object (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    version_order BIGINT NOT NULL,
    version_id TEXT NOT NULL,
    is_marker INTEGER NOT NULL,
    modified_ms BIGINT NOT NULL,
    size BIGINT NOT NULL,
    etag TEXT NOT NULL,
    blob TEXT,
    storage_class TEXT NOT NULL,
    attributes TEXT NOT NULL,
    checksum TEXT NOT NULL,
    tags TEXT,
    parts TEXT,
    upload_id TEXT,
    PRIMARY KEY (bucket, key, version_order)) WITHOUT ROWID;
  CREATE INDEX s3_object_blob ON s3_object (blob);
  CREATE TABLE s3_upload (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    initiated_ms BIGINT NOT NULL,
    storage_class TEXT NOT NULL,
    attributes TEXT NOT NULL,
    tags TEXT,
    checksum_algorithm TEXT NOT NULL,
    checksum_type TEXT NOT NULL,
    checksum_asked INTEGER NOT NULL,
    PRIMARY KEY (bucket, key, upload_id)) WITHOUT ROWID;
  CREATE TABLE s3_part (
    upload_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    modified_ms BIGINT NOT NULL,
    size BIGINT NOT NULL,
    etag TEXT NOT NULL,
    blob TEXT NOT NULL,
    checksum TEXT NOT NULL,
    PRIMARY KEY (upload_id, number)) WITHOUT ROWID;
  CREATE INDEX s3_part_blob ON s3_part (blob);
)"}};

}  // namespace

std::span<const store::migration> tables() { return steps; }

}  // namespace mdlc::services::s3
