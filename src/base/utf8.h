// Text out of bytes that may be anything.
#pragma once

#include <string>
#include <string_view>

namespace mdlc::base {

// The bytes, with `instead` for each that is no part of well-formed UTF-8 (surrogates, overlong forms and what lies
// above U+10FFFF included). Programs may print any bytes; JSON carries UTF-8 alone.
std::string to_utf8(std::string_view bytes, std::string_view instead = "?");

}  // namespace mdlc::base
