// A mocked result against the API that it stands for, in AWS's words.
#pragma once

#include "api/error.h"
#include "asl/record.h"
#include "json/value.h"

namespace mdlc::services::states {

enum class mock_strictness {
  strict,   // required members are there, and what is there fits
  present,  // what is there fits
  none,
};

// Refuses ValidationException. A task whose API the table of shapes lacks is not checked; members that the API lacks
// are let through, as AWS does.
api::answer<void> check_mock(const asl::task&, const json::value& result, mock_strictness);

}  // namespace mdlc::services::states
