#include "services/sagemaker/utf8.h"

namespace mdlc::services::sagemaker {

std::string as_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    const size_t length = c < 0x80                      ? 1
                          : (c >> 5) == 6 && c >= 0xC2  ? 2
                          : (c >> 4) == 14              ? 3
                          : (c >> 3) == 30 && c <= 0xF4 ? 4
                                                        : 0;
    bool whole = length > 0 && c != 0 && i + length <= bytes.size();
    for (size_t k = 1; whole && k < length; ++k) whole = (static_cast<unsigned char>(bytes[i + k]) >> 6) == 2;
    if (whole && length == 3) {
      const auto next = static_cast<unsigned char>(bytes[i + 1]);
      whole = !(c == 0xE0 && next < 0xA0) && !(c == 0xED && next > 0x9F);
    }
    if (whole && length == 4) {
      const auto next = static_cast<unsigned char>(bytes[i + 1]);
      whole = !(c == 0xF0 && next < 0x90) && !(c == 0xF4 && next > 0x8F);
    }
    if (whole) {
      out.append(bytes.substr(i, length));
      i += length;
    } else {
      out += '?';
      ++i;
    }
  }
  return out;
}

}  // namespace mdlc::services::sagemaker
