// S3's errors, in its words. Their members are those of the error document.
#pragma once

#include <string>
#include <string_view>

#include "api/error.h"

namespace mdlc::services::s3 {

using refusal = tl::unexpected<api::error>;

// refuse_with("NoSuchKey", "…", 404, {{"Key", key}}).
refusal refuse_with(std::string code, std::string message, int status, json::object members);

refusal no_such_bucket(std::string_view bucket);
refusal no_such_key(std::string_view key);
refusal no_such_version(std::string_view key, std::string_view version_id);
refusal no_such_upload(std::string_view upload_id);
refusal invalid_argument(std::string message, std::string_view name, std::string_view value);
refusal invalid_request(std::string message);
refusal precondition_failed(std::string_view condition);  // the header's name
refusal not_implemented(std::string_view header);
refusal malformed_xml();
refusal access_denied();
refusal bad_digest(std::string_view which);  // "CRC32"

}  // namespace mdlc::services::s3
