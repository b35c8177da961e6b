// Clients' waiters. boto3's get_waiter, `aws … wait` and `aws cloudformation deploy` ask again only every 5 to 120
// seconds, since on AWS what they wait for takes minutes. Here it takes milliseconds, and they would sleep through it:
// so what a waiter asks is answered when the thing has come to rest, or after waiter_patience_ms.
#pragma once

#include <string_view>

#include "json/value.h"

namespace mdlc::api {

inline constexpr int waiter_patience_ms = 20'000;  // well below clients' read timeout of 60 s
inline constexpr int waiter_first_look_ms = 10, waiter_longest_pause_ms = 200;

// Whether a waiter of botocore's sent this: it names the feature `B` in the User-Agent (botocore/useragent.py).
bool is_waiter(std::string_view user_agent);

// Whether the answer of a Describe says that it will soon be another. False for operations that nobody waits for.
bool is_under_way(std::string_view service, std::string_view operation, const json::value& answer);

}  // namespace mdlc::api
