#include "base/arn.h"

#include <array>

#include <fmt/format.h>

namespace mdlc::base {

std::string arn::str() const {
  return fmt::format("arn:{}:{}:{}:{}:{}", partition, service, region, account, resource);
}

result<arn> parse_arn(std::string_view text) {
  std::array<std::string_view, 5> fields;
  std::string_view rest = text;
  for (auto& field : fields) {
    auto colon = rest.find(':');
    if (colon == std::string_view::npos) return fail(fmt::format("'{}' is not an ARN", text));
    field = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  if (fields[0] != "arn" || fields[2].empty() || rest.empty()) return fail(fmt::format("'{}' is not an ARN", text));
  return arn{std::string{fields[1]}, std::string{fields[2]}, std::string{fields[3]}, std::string{fields[4]},
             std::string{rest}};
}

std::string scope::arn(std::string_view service, std::string_view resource) const {
  return base::arn{"aws", std::string{service}, region, account, std::string{resource}}.str();
}

}  // namespace mdlc::base
