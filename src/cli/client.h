// A client of the running server's public API, for the commands: signed requests, answers as JSON or XML.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/client.h"
#include "json/value.h"
#include "sys/files.h"
#include "wire/sigv4.h"
#include "wire/xml.h"

namespace mdlc::cli {

// One thread at a time. Errors are the service's own words, fit to be printed.
class client {
 public:
  // Of the server that runs on the folder.
  static base::result<client> of(const sys::path& data_folder);

  const std::string& endpoint() const { return endpoint_; }

  // `target`: "AWSStepFunctions.StartExecution"; `service`: the signing name.
  base::result<json::value> json_call(std::string_view service, std::string_view target, const json::value& input);

  // CloudFormation's protocol; the element inside <ActionResponse>.
  using fields = std::vector<std::pair<std::string, std::string>>;
  base::result<wire::xml::element> cloudformation(std::string_view action, const fields&);

 private:
  client(std::string endpoint, wire::client_key key, http::client http)
      : endpoint_(std::move(endpoint)), key_(std::move(key)), http_(std::move(http)) {}
  base::result<http::response> send(std::string_view service, std::vector<std::pair<std::string, std::string>> headers,
                                    const std::string& body);

  std::string endpoint_;
  wire::client_key key_;
  http::client http_;
};

}  // namespace mdlc::cli
