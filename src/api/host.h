// What main/ gives every service.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/event_bus.h"
#include "api/registry.h"
#include "blob/store.h"
#include "http/server.h"
#include "store/database.h"
#include "store/journal.h"
#include "sys/env.h"
#include "sys/thread_pool.h"
#include "sys/timers.h"
#include "wire/sigv4.h"

namespace mdlc::api {

// Credentials that programs and clients sign with.
struct credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // empty for a lasting key
};

// Whose key signed a request.
struct signer {
  std::string secret_key;
  std::string account;
  std::string principal;     // ARN
  std::string principal_id;  // what GetCallerIdentity calls UserId
};

struct host {
  sys::env& env;
  store::database& db;
  store::journal& journal;
  // Bytes of S3's objects. Only s3 has rows that point here, and it sweeps what no row of its own points to: another
  // service opens a store of its own under data_folder.
  blob::store& blobs;
  sys::thread_pool& pool;
  sys::timers& timers;
  registry& operations;
  event_bus& bus;
  sys::path data_folder;
  std::string python;      // interpreter for functions and scripts
  std::string endpoint{};  // http://127.0.0.1:4566, once listening

  // Temporary credentials for `role_arn` that outlive a restart (issued and checked by the sts service).
  std::function<credentials(const base::scope&, std::string_view role_arn, std::string_view session_name)> assume_role;

  // The owner of an access key and the session token that came with it (empty for a lasting key); set by the sts
  // service.
  std::function<base::result<signer, wire::auth_error>(std::string_view access_key, std::string_view session_token)>
      find_signer{};
  // The threads that wait for sockets, for services that listen themselves (Lambda's Runtime API).
  http::loop* sockets = nullptr;
};

// A running service. Made before the server listens; destroyed after it stopped.
class service {
 public:
  virtual ~service() = default;
  // All services are made, nothing is listening yet: take up again what a restart interrupted.
  virtual void resume() {}
  // The server stops: begin nothing new, end what dies with the server.
  virtual void stop() {}
};

}  // namespace mdlc::api
