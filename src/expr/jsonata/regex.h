// Regular expressions as JavaScript has them (without its u and v flags). Patterns that RE2 can match run on it, in
// linear time; those with lookaround or backreferences on a backtracking matcher that counts its steps.
// Private to this library.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mdlc::expr::jsonata {

class regex {
 public:
  struct flags {
    bool ignore_case = false;
    bool multiline = false;
  };
  static base::result<std::shared_ptr<const regex>> compile(std::string_view pattern, flags);
  virtual ~regex() = default;

  enum class answer { found, none, exhausted };
  struct match {
    // Byte offsets; the whole first, then the groups. Of one that took no part both are npos.
    std::vector<std::pair<size_t, size_t>> groups;
  };
  // The first match that begins at or behind `from`. `steps` counts the work down; at 0 the answer is exhausted.
  virtual answer find(std::string_view text, size_t from, match&, size_t& steps) const = 0;

  const std::string& source() const { return source_; }

 protected:
  std::string source_;
};

}  // namespace mdlc::expr::jsonata
