// What S3's tests share: a whole host without a listener, and calls by name and JSON.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <latch>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/s3/service.h"
#include "sys/testing.h"

namespace mdlc::services::s3::testing {

// The machine's chance, and a clock that stands until it is moved.
class test_env : public sys::env {
 public:
  base::time_point now() override { return now_; }
  void random_bytes(char* out, size_t count) override { sys::real_env().random_bytes(out, count); }

  std::atomic<base::time_point> now_ = base::from_iso8601("2026-11-24T10:00:00.500Z").value();
};

class s3_test : public ::testing::Test {
 protected:
  s3_test() { start(); }
  ~s3_test() override { stop(); }

  void start() {
    db_ = std::move(*store::database::open(folder_ / "db"));
    journal_.emplace(*db_);
    blobs_ = std::move(*blob::store::open(folder_ / "blobs", env_));
    pool_.emplace(2);
    timers_.emplace(env_);
    operations_.emplace();
    bus_.emplace();
    bus_->subscribe([this](const api::event& e) { events_.push_back(e); });
    host_.reset(new api::host{.env = env_,
                              .db = *db_,
                              .journal = *journal_,
                              .blobs = *blobs_,
                              .pool = *pool_,
                              .timers = *timers_,
                              .operations = *operations_,
                              .bus = *bus_,
                              .data_folder = folder_.path(),
                              .python = {},
                              .endpoint = "http://127.0.0.1:4566",
                              .assume_role = {}});
    service_ = make(*host_);
    service_->resume();
  }
  void stop() {
    settle();
    timers_->stop();
    pool_->stop();
    service_.reset();
    host_.reset();
    blobs_.reset();
    journal_.reset();
    db_.reset();
  }
  void restart() {
    stop();
    start();
  }

  // Until the pool has done what was posted, as the removal of blobs, and what that posted: when all threads stand at
  // one place, none is at work.
  void settle() {
    for (int round = 0; round < 2; round++) {
      const auto all = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(pool_->threads()));
      for (size_t i = 0; i < pool_->threads(); i++) pool_->post([all] { all->arrive_and_wait(); });
      all->wait();
    }
  }

  struct outcome {
    std::optional<api::answer<json::value>> given;
    int status = 0;
    std::optional<std::string> body;
    std::optional<blob::slice> slice;
    std::map<std::string, std::string> headers;

    bool ok() const { return given->has_value(); }
    std::string code() const { return ok() ? "" : given->error().code; }
    int error_status() const { return given->error().status; }
    const json::object& members() const { return given->error().members; }
    const json::value& operator*() const { return **given; }
    std::string text(std::string_view member) const {
      return ok() ? std::string(json::text(**given, member)) : "refused: " + given->error().code;
    }
    const json::value* find(std::string_view member) const { return json::find(**given, member); }
  };

  outcome call(std::string_view operation, const json::object& input, std::optional<std::string> body = {}) {
    api::context context;
    context.scope = scope_;
    context.request_id = env_.uuid();
    api::call c(*db_, context);
    if (body) c.body = blobs_->put(*body).value();
    outcome out;
    out.given = operations_->invoke("s3", operation, c, input);
    out.status = c.reply.status;
    if (c.reply.body) {
      out.slice = *c.reply.body;
      out.body = c.reply.body->read_all().value();
    }
    for (auto& [name, value] : c.reply.headers) out.headers[name] = value;
    return out;
  }
  // What is expected to work.
  outcome must(std::string_view operation, const json::object& input, std::optional<std::string> body = {}) {
    auto out = call(operation, input, std::move(body));
    EXPECT_TRUE(out.ok()) << operation << ": " << out.given->error().code << ": " << out.given->error().message << " "
                          << out.given->error().reason;
    return out;
  }

  void make_bucket(std::string_view name = "b") { must("CreateBucket", {{"Bucket", full(name)}}); }
  outcome put(std::string_view key, std::string body, json::object more = {}) {
    more.emplace("Bucket", full("b"));
    more.emplace("Key", key);
    return call("PutObject", more, std::move(body));
  }
  outcome get(std::string_view key, json::object more = {}) {
    more.emplace("Bucket", full("b"));
    more.emplace("Key", key);
    return call("GetObject", more);
  }
  outcome on(std::string_view operation, std::string_view key, json::object more = {}) {
    more.emplace("Bucket", full("b"));
    more.emplace("Key", key);
    return call(operation, more);
  }
  void version(std::string_view status) {
    must("PutBucketVersioning", {{"Bucket", full("b")}, {"VersioningConfiguration", json::object{{"Status", status}}}});
  }
  static std::string full(std::string_view name) { return std::string(name) + "-bucket"; }

  int64_t blob_files() {
    settle();
    int64_t count = 0;
    for (auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "blobs"))
      count += entry.is_regular_file();
    return count;
  }

  sys::temporary_folder folder_;
  test_env env_;
  base::scope scope_{"000000000000", "us-east-1"};
  std::unique_ptr<store::database> db_;
  std::optional<store::journal> journal_;
  std::unique_ptr<blob::store> blobs_;
  std::optional<sys::thread_pool> pool_;
  std::optional<sys::timers> timers_;
  std::optional<api::registry> operations_;
  std::optional<api::event_bus> bus_;
  std::unique_ptr<api::host> host_;
  std::unique_ptr<api::service> service_;
  std::vector<api::event> events_;
};

}  // namespace mdlc::services::s3::testing
