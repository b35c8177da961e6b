#include "services/sagemaker/utf8.h"

#include "base/utf8.h"

namespace mdlc::services::sagemaker {

std::string as_utf8(std::string_view bytes) {
  auto out = base::to_utf8(bytes);
  std::replace(out.begin(), out.end(), '\0', '?');
  return out;
}

}  // namespace mdlc::services::sagemaker
