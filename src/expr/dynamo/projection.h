// Projection expressions: which parts of an item are shown.
#pragma once

#include <string_view>
#include <vector>

#include "expr/dynamo/path.h"
#include "expr/dynamo/placeholders.h"

namespace mdlc::expr::dynamo {

class projection {
 public:
  static answer<projection> parse(std::string_view text, placeholders&);
  // Paths that do not overlap.
  explicit projection(std::vector<path> paths);

  // What the item has of it; a list's elements close ranks.
  json::object apply(const json::object& item) const;
  const std::vector<path>& paths() const { return paths_; }

 private:
  std::vector<path> paths_;  // as they were written
  std::vector<path> sorted_;
};

}  // namespace mdlc::expr::dynamo
