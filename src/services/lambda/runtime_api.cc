#include "services/lambda/runtime_api.h"

#include "json/value.h"

namespace mdlc::services::lambda {
namespace {

constexpr std::string_view base_path = "/2018-06-01/runtime/";

http::reply say(int status, std::string body) {
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

http::reply accepted() { return say(202, R"({"status":"OK"})"); }

http::reply refuse(int status, std::string_view type, std::string_view message) {
  return say(status, error_payload(type, message));
}

struct endpoint {
  enum class kind { next, response, error, init_error, unknown } what = kind::unknown;
  std::string request_id;
};

endpoint parse(const http::request_head& head) {
  std::string_view path = head.target;
  path = path.substr(0, path.find('?'));
  if (!path.starts_with(base_path)) return {};
  path.remove_prefix(base_path.size());
  if (head.method == "GET" && path == "invocation/next") return {endpoint::kind::next, {}};
  if (head.method != "POST") return {};
  if (path == "init/error") return {endpoint::kind::init_error, {}};
  constexpr std::string_view invocation = "invocation/";
  if (!path.starts_with(invocation)) return {};
  path.remove_prefix(invocation.size());
  const auto slash = path.find('/');
  const auto rest = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  const std::string id{path.substr(0, slash)};
  if (rest == "response") return {endpoint::kind::response, id};
  if (rest == "error") return {endpoint::kind::error, id};
  return {};
}

http::reply take(runtime_api& api, const std::string& worker, const endpoint& to, const http::body_end& end,
                 std::string body) {
  const bool is_too_large = end.end == http::body_end::how::too_large;
  if (is_too_large)
    body = error_payload(
        "Function.ResponseSizeTooLarge",
        fmt::format("Response payload size exceeded maximum allowed payload size ({} bytes).", response_bytes_max));
  if (to.what == endpoint::kind::init_error) {
    api.init_error(worker, std::move(body));
    return accepted();
  }
  if (!api.answer(worker, to.request_id, std::move(body), is_too_large || to.what == endpoint::kind::error))
    return refuse(400, "InvalidRequestID", "Invalid request ID");
  if (is_too_large) return refuse(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size");
  return accepted();
}

}  // namespace

std::string error_payload(std::string_view type, std::string_view message) {
  return json::print(json::object{{"errorType", type}, {"errorMessage", message}});
}

http::handler handle_runtime_requests(runtime_api& api, sys::thread_pool& pool, std::string worker_id) {
  return [&api, &pool, worker_id = std::move(worker_id)](std::shared_ptr<http::exchange> exchange) {
    auto to = parse(exchange->head());
    if (to.what == endpoint::kind::unknown) return exchange->answer(refuse(404, "NotFound", "No such operation"));
    exchange->read_body(response_bytes_max,
                        [&api, &pool, worker_id, exchange, to](http::body_end end, std::string body) {
                          if (end.end != http::body_end::how::complete && end.end != http::body_end::how::too_large)
                            return;
                          pool.post([&api, worker_id, exchange, to, end, body = std::move(body)]() mutable {
                            if (to.what == endpoint::kind::next) return api.next(worker_id, std::move(exchange));
                            exchange->answer(take(api, worker_id, to, end, std::move(body)));
                          });
                        });
  };
}

}  // namespace mdlc::services::lambda
