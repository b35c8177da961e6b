#include "services/s3/parts.h"

#include "services/s3/errors.h"

namespace mdlc::services::s3 {

api::answer<void> check_part_number(int64_t number) {
  if (number >= 1 && number <= max_part_number) return {};
  return invalid_argument("Part number must be an integer between 1 and 10000, inclusive", "partNumber",
                          std::to_string(number));
}

api::answer<std::optional<range>> part_range(const object& o, int64_t number) {
  MDLC_CHECK(check_part_number(number));
  auto count = o.parts.empty() ? 1 : static_cast<int64_t>(o.parts.size());
  if (number > count)
    return refuse_with("InvalidPartNumber", "The requested partnumber is not satisfiable", 416,
                       {{"PartNumberRequested", std::to_string(number)}, {"ActualPartCount", std::to_string(count)}});
  range found{0, o.size};
  if (!o.parts.empty()) {
    for (int64_t i = 0; i < number; i++) {
      found.offset += i ? found.count : 0;
      found.count = o.parts[static_cast<size_t>(i)].at("Size").to_number<int64_t>();
    }
  }
  if (found.count == 0) return std::optional<range>();
  return std::optional(found);
}

}  // namespace mdlc::services::s3
