// JSON values as Python prints them, for what AWS's training toolkit hands to a script: str() for arguments,
// json.dumps for variables.
#pragma once

#include <string>

#include "json/value.h"

namespace mdlc::services::sagemaker {

// str(value): True, None, 0.1, [1, 'a'].
std::string python_str(const json::value&);
// json.dumps(value, sort_keys=True, separators=(",", ":")): members sorted, other characters than ASCII escaped.
std::string python_json(const json::value&);

}  // namespace mdlc::services::sagemaker
