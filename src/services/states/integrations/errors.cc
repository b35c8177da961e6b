#include "services/states/integrations/errors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/states/integrations/sdk_form.h"

namespace mdlc::services::states::integrations {

error_style sdk_style(const wire::service& s) {
  auto name = sdk_name(s.id);
  return {.prefix = name, .base = name + "Exception", .service = name};
}

std::optional<std::string> exception_name(const wire::service& s, std::string_view code) {
  for (auto* operation : s.operations) {
    for (auto* e : operation->errors) {
      if (e->name != code && e->error_code != code) continue;
      std::string name{e->name};
      if (!name.ends_with("Exception")) name += "Exception";
      return name;
    }
  }
  return {};
}

failure failure_of(const wire::service& s, const error_style& style, const api::error& e, std::string_view request_id) {
  auto name = exception_name(s, e.code).value_or(style.base);
  failure out{.error = fmt::format("{}.{}", style.prefix, name), .cause = {}};
  if (style.first_sdk)
    out.cause = fmt::format("{} (Service: {}; Status Code: {}; Error Code: {}; Request ID: {}; Proxy: null)", e.message,
                            style.service, e.status, e.code, request_id);
  else if (s.name == "s3")
    // S3's second id helps its support; ours is the same request.
    out.cause = fmt::format("{} (Service: {}, Status Code: {}, Request ID: {}, Extended Request ID: {})", e.message,
                            style.service, e.status, request_id, request_id);
  else
    out.cause = fmt::format("{} (Service: {}, Status Code: {}, Request ID: {})", e.message, style.service, e.status,
                            request_id);
  return out;
}

failure unsupported_fields(const json::value& parameters, const std::vector<std::string>& names) {
  std::vector<std::string> each;
  for (const auto& n : names) each.push_back(fmt::format("The field \"{}\" is not supported by Step Functions", n));
  return {.error = "States.Runtime",
          .cause = fmt::format("The Parameters '{}' could not be used to start the Task: [{}]", json::print(parameters),
                               fmt::join(each, ", "))};
}

}  // namespace mdlc::services::states::integrations
