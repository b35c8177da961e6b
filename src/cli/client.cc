#include "cli/client.h"

#include <charconv>

#include <fmt/format.h>

#include "base/arn.h"
#include "cli/running.h"
#include "sys/env.h"
#include "wire/key_file.h"
#include "wire/uri.h"

namespace mdlc::cli {

namespace {

constexpr int64_t timeout_ms = 60'000;

// http://HOST:PORT
base::result<http::client> connect(const std::string& endpoint) {
  auto address = std::string_view{endpoint}.substr(std::min(endpoint.size(), endpoint.find("://") + 3));
  auto colon = address.rfind(':');
  uint16_t port = 0;
  if (colon != std::string_view::npos)
    std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  if (port == 0) return base::fail(fmt::format("'{}' is no endpoint", endpoint));
  return http::client::to_tcp(std::string{address.substr(0, colon)}, port);
}

}  // namespace

base::result<client> client::of(const sys::path& data_folder) {
  MDLC_TRY(auto server, read_running(data_folder));
  MDLC_TRY(auto key, wire::read_key_file(data_folder));
  MDLC_TRY(auto http, connect(server.endpoint));
  return client{server.endpoint, {key.access_key, key.secret_key}, std::move(http)};
}

base::result<http::response> client::send(std::string_view service,
                                          std::vector<std::pair<std::string, std::string>> headers,
                                          const std::string& body) {
  wire::request request;
  request.method = "POST";
  request.path = "/";
  request.headers.add("Host", endpoint_.substr(endpoint_.find("://") + 3));
  for (auto& [name, value] : headers) request.headers.add(std::move(name), std::move(value));
  request.body = body;
  wire::sign(request, key_, service, base::default_region, sys::real_env().now());
  return http_.send({request.method, "/", request.headers}, body, timeout_ms);
}

base::result<json::value> client::json_call(std::string_view service, std::string_view target,
                                            const json::value& input) {
  MDLC_TRY(auto answer,
           send(service, {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", std::string{target}}},
                json::print(input)));
  auto body = json::parse(answer.body);
  if (answer.status == 200) return body;
  if (!body) return base::fail(fmt::format("the server answered with status {}", answer.status));
  auto code = json::text(*body, "__type");
  if (auto hash = code.find('#'); hash != std::string_view::npos) code.remove_prefix(hash + 1);
  return base::fail(fmt::format("{}: {}", code, json::text(*body, "message", json::text(*body, "Message"))));
}

base::result<wire::xml::element> client::cloudformation(std::string_view action, const fields& more) {
  std::string body = fmt::format("Action={}&Version=2010-05-15", action);
  for (const auto& [name, value] : more)
    body += fmt::format("&{}={}", wire::percent_encode(name), wire::percent_encode(value));
  MDLC_TRY(auto answer, send("cloudformation", {{"Content-Type", "application/x-www-form-urlencoded"}}, body));
  MDLC_TRY(auto root, wire::xml::parse(answer.body));
  if (answer.status == 200) {
    if (auto* result = root.find(fmt::format("{}Result", action))) return *result;
    return root;
  }
  auto* error = root.find("Error");
  auto* code = error ? error->find("Code") : nullptr;
  auto* message = error ? error->find("Message") : nullptr;
  return base::fail(fmt::format("{}: {}", code ? code->text : "error", message ? message->text : ""));
}

}  // namespace mdlc::cli
