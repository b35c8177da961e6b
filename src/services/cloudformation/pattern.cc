#include "services/cloudformation/pattern.h"

#include <re2/re2.h>

namespace mdlc::services::cloudformation {

bool matches_whole(std::string_view pattern, std::string_view text) {
  re2::RE2 compiled{re2::StringPiece{pattern.data(), pattern.size()}, re2::RE2::Quiet};
  return compiled.ok() && re2::RE2::FullMatch(re2::StringPiece{text.data(), text.size()}, compiled);
}

}  // namespace mdlc::services::cloudformation
