// What services' unit tests share: a host over real SQLite in a temp folder, and calls through the registry.
#pragma once

#include <gtest/gtest.h>

#include "api/host.h"
#include "sys/testing.h"

namespace mdlc::api::testing {

// The real one, with a clock that can be set forward.
class movable_env : public sys::env {
 public:
  base::time_point now() override { return sys::real_env().now() + std::chrono::milliseconds(ahead_ms_.load()); }
  void random_bytes(char* out, size_t count) override { sys::real_env().random_bytes(out, count); }
  void advance(std::chrono::milliseconds by) { ahead_ms_ += by.count(); }

 private:
  std::atomic<int64_t> ahead_ms_ = 0;
};

// Declare it before the services that it hosts.
class test_host {
 public:
  test_host()
      : db(store::database::open(folder / "test.db").value()),
        journal(*db),
        blobs(blob::store::open(folder / "blobs", env).value()),
        pool(2),
        timers(env),
        host{env, *db, journal, *blobs, pool, timers, operations, bus, folder.path(), "/usr/bin/python3", {}, {}} {}
  ~test_host() {
    timers.stop();
    pool.stop();
  }

  // A call as a client makes it; `input` is JSON text. A recorder makes it a workflow's.
  answer<json::value> call(std::string_view service, std::string_view operation, std::string_view input,
                           api::call::recorder record = {}) {
    context c;
    c.scope = scope;
    c.request_id = env.uuid();
    api::call one(*db, c, std::move(record));
    return operations.invoke(service, operation, one, json::parse(input).value());
  }

  // The answer printed, or "Code: message".
  std::string show(std::string_view service, std::string_view operation, std::string_view input) {
    const auto out = call(service, operation, input);
    return out ? json::print(*out) : out.error().code + ": " + out.error().message;
  }

  sys::temporary_folder folder;
  movable_env env;
  base::scope scope{std::string(base::default_account), std::string(base::default_region)};
  std::unique_ptr<store::database> db;
  store::journal journal;
  std::unique_ptr<blob::store> blobs;
  sys::thread_pool pool;
  sys::timers timers;
  registry operations;
  event_bus bus;
  api::host host;
};

}  // namespace mdlc::api::testing
