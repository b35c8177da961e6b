// Text of programs, who may print any bytes, as what JSON can carry.
#pragma once

#include <string>
#include <string_view>

namespace mdlc::services::sagemaker {

// What is no UTF-8, and the NUL, becomes question marks.
std::string as_utf8(std::string_view bytes);

}  // namespace mdlc::services::sagemaker
