// A refused signature in the words of each protocol.
#pragma once

#include "wire/shape.h"
#include "wire/sigv4.h"

namespace mdlc::wire {

refusal in_words(const auth_error&, protocol, std::string_view access_key = {});

}  // namespace mdlc::wire
