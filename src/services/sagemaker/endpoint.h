// An endpoint and its configuration: the rows.
//
//   Creating -> InService | Failed          InService -> Updating -> InService, by way of RollingBack where it fails
//   InService | Failed -> Deleting -> gone
//
// A row says what is to run: `current` serves, `next` is being brought up to take its place. Model servers are named in
// the row before any of them exists, so whatever lives under another name after a restart is swept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/host.h"
#include "base/arn.h"
#include "json/value.h"

namespace mdlc::services::sagemaker {

struct endpoint_config {
  base::scope scope;
  std::string name;
  int64_t created_ms = 0;
  json::object request;  // CreateEndpointConfig's, in normal form, without tags
};

std::string endpoint_config_arn(const base::scope&, std::string_view name);
std::optional<endpoint_config> find_endpoint_config(store::reader&, const base::scope&, std::string_view name);

struct endpoint_key {
  base::scope scope;
  std::string name;
  auto operator<=>(const endpoint_key&) const = default;

  std::string arn() const;
};

struct variant {
  std::string name;
  double weight = 1;
  int64_t instances = 1;
  int64_t start_limit_ms = 0;
  json::object config;               // the ProductionVariant
  json::object model;                // CreateModel's request, as it was when the deployment was made
  std::vector<std::string> servers;  // a model server for each container, by id
};

// What a configuration came to when an endpoint took it.
struct deployment {
  std::string config;
  int64_t begun_ms = 0;
  std::vector<variant> variants;
};

struct endpoint {
  endpoint_key key;
  std::string status;
  int64_t created_ms = 0;
  int64_t modified_ms = 0;
  std::string failure_reason;
  std::string config;  // by name: what it has, or is being given
  std::optional<deployment> current, next;
  json::object last_deployment_config;
};

std::optional<endpoint> find_endpoint(store::reader&, const endpoint_key&);
std::vector<endpoint> all_endpoints(store::reader&);
void insert(store::transaction&, const endpoint&);
void update(store::transaction&, const endpoint&);
void remove_endpoint(store::transaction&, const endpoint_key&);

// The containers of a model, in the order in which they are called.
std::vector<json::object> containers_of(const json::object& model);

// In normal form; DescribeEndpoint's.
json::object describe(const endpoint&);
api::event change_of(const endpoint&);

}  // namespace mdlc::services::sagemaker
