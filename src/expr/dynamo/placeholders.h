// ExpressionAttributeNames and ExpressionAttributeValues of one request, and which of them its expressions used.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "expr/dynamo/error.h"
#include "json/value.h"

namespace mdlc::expr::dynamo {

class placeholders {
 public:
  using names = std::map<std::string, std::string>;
  using values = std::map<std::string, json::value>;

  placeholders() = default;
  // Checks keys and values; the values become canonical. Absent is not the same as empty, which is refused.
  static answer<placeholders> make(const std::optional<names>&, const std::optional<values>&);

  // What stands for "#n" or ":v", or null; it counts as used from now on.
  const std::string* name(std::string_view key);
  const json::value* value(std::string_view key);

  // Refuses what was given and stands in no expression; once all of the request's expressions are parsed.
  answer<void> check_all_used() const;

 private:
  names names_;
  values values_;
  std::set<std::string, std::less<>> used_;
};

}  // namespace mdlc::expr::dynamo
