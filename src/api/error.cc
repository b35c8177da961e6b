#include "api/error.h"

namespace mdlc::api {

error internal_error(std::string_view why) {
  return {.code = "InternalFailure",
          .message = "The request processing has failed because of an unknown error, exception or failure.",
          .status = 500,
          .is_internal = true,
          .reason = std::string{why}};
}

}  // namespace mdlc::api
