// A job's input from S3: which objects, and each as a file without copying its bytes.
#pragma once

#include <string>
#include <vector>

#include "services/sagemaker/run.h"

namespace mdlc::services::sagemaker {

struct s3_place {
  std::string bucket;
  std::string key;  // or prefix; may be empty
};

// s3://bucket/key
base::result<s3_place> parse_s3_uri(std::string_view);
// `a`/`b` with one slash between them.
std::string join_key(std::string_view a, std::string_view b);

struct input_object {
  std::string bucket;
  std::string key;
  std::string relative;  // below the prefix, or the name alone where the prefix is the whole key
};

// The objects of a data source of either kind of job: {S3DataType, S3Uri}. S3Prefix or ManifestFile. What SageMaker
// calls no data is an error, in its words.
base::result<std::vector<input_object>> list_inputs(run&, const json::value& source);

// S3's error within SageMaker's sentence about data that is not there.
tl::unexpected<base::error> no_data(run&, std::string_view uri, const s3_place&, std::string_view s3_message);

// All objects below the prefix, maybe none.
api::answer<std::vector<input_object>> objects_below(run&, const s3_place&);

// What is left of `key` below `prefix`.
std::string relative_to(std::string_view prefix, std::string_view key);

// The object's bytes, open. An error is the customer's.
base::result<blob::slice> open_object(run&, const std::string& bucket, const std::string& key);

// `folder`/`name`, with the folders above it made. A name that leads outside the folder is refused.
base::result<sys::path> file_for(const input_object&, const sys::path& name, const sys::path& folder);

// Makes `folder`/relative the object's own file, read-only for everybody (a hard link; a copy where there can be none).
base::result<void> place_object(run&, const input_object&, const sys::path& folder);
// What the object's gzip unpacks to, under its name without ".gz".
base::result<void> place_unzipped(run&, const input_object&, const sys::path& folder);

}  // namespace mdlc::services::sagemaker
