// Requests over sockets through signature, codec, registry and back, on a toy service.
#include "api/dispatch.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

#include "api/testing.h"
#include "base/bytes.h"
#include "http/client.h"

namespace mdlc::api {
namespace {

using wire::kind;
using wire::location;

constexpr wire::shape text{.name = "Text", .type = kind::string, .has_max = true, .max = 10};
constexpr wire::shape stream{.name = "Stream", .type = kind::blob, .streaming = true};
constexpr wire::member word_members[] = {{.name = "Word", .target = &text, .wire_name = "Word"}};
constexpr wire::shape word{.name = "Word", .type = kind::structure, .members = word_members};
constexpr wire::operation say{.name = "Say", .method = "POST", .uri = "/", .input = &word, .output = &word};
constexpr wire::operation wait_op{.name = "Wait", .method = "POST", .uri = "/", .input = &word, .output = &word};
constexpr wire::operation unlisted{.name = "Unlisted", .method = "POST", .uri = "/", .input = &word, .output = &word};
constexpr const wire::operation* toy_operations[] = {&say, &wait_op, &unlisted};
constexpr wire::service toy{.name = "toy",
                            .id = "Toy",
                            .signing_name = "toy",
                            .speaks = wire::protocol::json,
                            .json_version = "1.1",
                            .target_prefix = "Toy",
                            .api_version = "1",
                            .operations = toy_operations};

constexpr wire::member put_members[] = {
    {.name = "Bucket", .target = &text, .required = true, .where = location::uri, .wire_name = "Bucket"},
    {.name = "Key", .target = &text, .required = true, .where = location::uri, .wire_name = "Key"},
    {.name = "Body", .target = &stream, .wire_name = "Body"}};
constexpr wire::shape put_in{.name = "Put", .type = kind::structure, .members = put_members, .payload = "Body"};
constexpr wire::member get_members[] = {{.name = "Body", .target = &stream, .wire_name = "Body"}};
constexpr wire::shape get_out{.name = "GetOut", .type = kind::structure, .members = get_members, .payload = "Body"};
constexpr wire::member key_members[] = {put_members[0], put_members[1]};
constexpr wire::shape get_in{.name = "Get", .type = kind::structure, .members = key_members};
constexpr wire::shape empty{.name = "Empty", .type = kind::structure};
constexpr wire::operation put{
    .name = "PutObject", .method = "PUT", .uri = "/{Bucket}/{Key+}", .input = &put_in, .output = &empty};
constexpr wire::operation get{
    .name = "GetObject", .method = "GET", .uri = "/{Bucket}/{Key+}", .input = &get_in, .output = &get_out};
constexpr const wire::operation* s3_operations[] = {&put, &get};
constexpr wire::service s3{.name = "s3",
                           .id = "S3",
                           .signing_name = "s3",
                           .speaks = wire::protocol::rest_xml,
                           .api_version = "1",
                           .operations = s3_operations};

const wire::client_key key{"AKIATEST", "secret"};

class dispatch : public ::testing::Test {
 protected:
  dispatch() {
    world.host.find_signer = [](std::string_view access_key,
                                std::string_view token) -> base::result<signer, wire::auth_error> {
      if (access_key != key.access_key) return tl::unexpected(wire::auth_error{wire::auth_failure::unknown_key});
      if (!token.empty()) return tl::unexpected(wire::auth_error{wire::auth_failure::wrong_token});
      return signer{key.secret_key, "111122223333", "arn:aws:iam::111122223333:root", "111122223333"};
    };
    world.operations.add(toy, {{&say, [this](call& c, const json::value& in) { return run_say(c, in); }, {}},
                               {&wait_op, {}, [this](auto c, const auto&, auto done) { wait(c, std::move(done)); }}});
    world.operations.add(s3, {{&put, [this](call& c, const json::value&) { return run_put(c); }, {}},
                              {&get, [this](call& c, const json::value&) { return run_get(c); }, {}}});
    entry.emplace(world.host);
    serving.emplace(sockets, world.pool, [this](auto e) { entry->handle(std::move(e)); });
    port = serving->listen_tcp("127.0.0.1", 0).value();
  }
  ~dispatch() override {
    serving->stop(0);
    sockets.stop();
    world.pool.stop();
  }

  answer<json::value> run_say(call& c, const json::value& in) {
    auto what = json::text(in, "Word");
    if (what == "throw") throw std::runtime_error("the reason");
    if (what == "refuse") return refuse("NoSuchWord", "there is none", 404);
    if (what == "who")
      return json::object{{"Word", c.context.scope.account + c.context.scope.region + c.context.principal}};
    if (what == "release") release();
    return in;
  }
  void wait(std::shared_ptr<call> c, completion<json::value> done) {
    std::lock_guard lock{mutex};
    c->when_gone([this] {
      std::lock_guard gone_lock{mutex};
      ++gone;
      changed.notify_all();
    });
    waiting.push_back(std::move(done));
    changed.notify_all();
  }
  void release() {
    std::vector<completion<json::value>> all;
    {
      std::unique_lock lock{mutex};
      changed.wait(lock, [&] { return waiting.size() >= expected; });
      all.swap(waiting);
    }
    for (auto& done : all) done(json::object{{"Word", "released"}});
  }
  answer<json::value> run_put(call& c) {
    stored = c.body;
    md5 = c.body_digests.md5;
    return json::object{};
  }
  answer<json::value> run_get(call& c) {
    c.reply.body = *world.blobs->open_slice(*stored, 1, stored->size - 1);
    c.reply.status = 206;
    c.reply.headers.emplace_back("Content-Range", "some");
    return json::object{};
  }

  http::response send(wire::request r, const std::string& service, const wire::client_key& with = key) {
    r.headers.add("Host", fmt::format("127.0.0.1:{}", port));
    if (!service.empty()) wire::sign(r, with, service, "eu-west-1", sys::real_env().now());
    http::request_head head{r.method, r.path, r.headers};
    return http::client::to_tcp("127.0.0.1", port).send(head, r.body, 20'000).value();
  }
  http::response ask(std::string operation, std::string body, const std::string& service = "toy",
                     const wire::client_key& with = key) {
    return send(posted(std::move(operation), std::move(body)), service, with);
  }
  static wire::request posted(std::string operation, std::string body) {
    wire::request r;
    r.method = "POST";
    r.path = "/";
    r.headers.add("X-Amz-Target", "Toy." + operation);
    r.body = std::move(body);
    return r;
  }
  static wire::request object(std::string method, std::string body = {}) {
    wire::request r;
    r.method = std::move(method);
    r.path = "/b/k";
    r.body = std::move(body);
    return r;
  }

  testing::test_host world;
  http::loop sockets;
  std::optional<dispatcher> entry;
  std::optional<http::server> serving;
  uint16_t port = 0;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<completion<json::value>> waiting;
  size_t expected = 0;
  size_t gone = 0;
  std::optional<blob::ref> stored;
  std::string md5;
};

TEST_F(dispatch, health_needs_no_signature) {
  wire::request r;
  r.method = "GET";
  r.path = "/_mdlc/health";
  EXPECT_EQ(send(r, "").status, 200);
}

TEST_F(dispatch, a_signed_request_reaches_its_operation) {
  auto got = ask("Say", R"({"Word":"who"})");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, R"({"Word":"111122223333eu-west-1arn:aws:iam::111122223333:root"})");
  EXPECT_EQ(got.headers.get("x-amzn-requestid").size(), 36u);
}

TEST_F(dispatch, what_goes_wrong_is_told_in_the_protocols_words) {
  wire::client_key stranger{"AKIAOTHER", "secret"}, liar{key.access_key, "guess"},
      with_token{key.access_key, key.secret_key, "token"};
  struct {
    http::response got;
    int status;
    std::string_view part;
  } table[] = {
      {ask("Say", "{}", ""), 400, "MissingAuthenticationTokenException"},
      {ask("Say", "{}", "toy", stranger), 400, "UnrecognizedClientException"},
      {ask("Say", "{}", "toy", liar), 400, "InvalidSignatureException"},
      {ask("Say", "{}", "toy", with_token), 400, "UnrecognizedClientException"},
      {ask("Say", "{"), 400, "SerializationException"},
      {ask("Say", R"({"Word":5})"), 400, "SerializationException"},
      {ask("Say", R"({"Word":"more than ten"})"), 400, "ValidationException"},
      {ask("Say", R"({"Word":"refuse"})"), 404, R"({"__type":"NoSuchWord","Message":"there is none"})"},
      {ask("Say", R"({"Word":"throw"})"), 500, "InternalFailure"},
      {ask("Nothing", "{}"), 400, "UnknownOperationException"},
      {ask("Unlisted", "{}"), 400, "UnknownOperationException"},
      {send(object("GET"), ""), 403, "<Code>AccessDenied</Code>"},
      {send(object("GET"), "s3", stranger), 403, "<Code>InvalidAccessKeyId</Code>"},
      {send(object("PATCH"), "s3"), 501, "<Code>NotImplemented</Code>"},
      {send(object("GET"), "ec2"), 501, "The service 'ec2' is not served here."},
  };
  for (const auto& row : table) {
    EXPECT_EQ(row.got.status, row.status) << row.got.body;
    EXPECT_NE(row.got.body.find(row.part), std::string::npos) << row.got.body << " lacks " << row.part;
    EXPECT_EQ(row.got.body.find("the reason"), std::string::npos);
  }
  EXPECT_EQ(ask("Say", R"({"Word":"still"})").status, 200);
}

TEST_F(dispatch, the_body_must_be_the_signed_one) {
  auto r = posted("Say", "{}");
  r.headers.add("X-Amz-Content-Sha256", base::to_hex(base::sha256("{ }")));
  EXPECT_NE(send(r, "toy").body.find("InvalidSignatureException"), std::string::npos);
}

TEST_F(dispatch, bodies_have_a_bound) {
  auto padded = [](size_t size) { return "{}" + std::string(size - 2, ' '); };
  EXPECT_EQ(ask("Say", padded(max_json_body_bytes)).status, 200);
  EXPECT_EQ(ask("Say", padded(max_json_body_bytes + 1)).status, 413);
}

TEST_F(dispatch, streamed_bodies_become_blobs_and_blobs_bodies) {
  std::string content;
  for (int i = 0; content.size() < 1'000'000; ++i) content += std::to_string(i);
  EXPECT_EQ(send(object("PUT", content), "s3").status, 200);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->size, static_cast<int64_t>(content.size()));
  EXPECT_EQ(md5, base::to_hex(base::md5(content)));
  auto got = send(object("GET"), "s3");
  EXPECT_EQ(got.status, 206);
  EXPECT_EQ(got.headers.get("Content-Range"), "some");
  EXPECT_EQ(got.body, content.substr(1));
}

TEST_F(dispatch, a_streamed_body_that_is_not_what_was_declared_reaches_no_operation) {
  auto r = object("PUT", "hello");
  r.headers.add("X-Amz-Content-Sha256", base::to_hex(base::sha256("other")));
  EXPECT_NE(send(r, "s3").body.find("XAmzContentSHA256Mismatch"), std::string::npos);
  r = object("PUT", "hello");
  r.headers.add("Content-MD5", base::to_base64(base::md5("other")));
  EXPECT_NE(send(r, "s3").body.find("BadDigest"), std::string::npos);
  EXPECT_FALSE(stored);
}

// As many waiting calls as threads, and more: what they wait for comes through the same threads.
TEST_F(dispatch, deferred_operations_hold_no_thread) {
  for (size_t count : {world.pool.threads(), 5 * world.pool.threads() + 1}) {
    expected = count;
    std::vector<std::thread> clients;
    std::atomic<size_t> released = 0;
    for (size_t i = 0; i < count; ++i)
      clients.emplace_back([&] {
        if (ask("Wait", "{}").body == R"({"Word":"released"})") ++released;
      });
    EXPECT_EQ(ask("Say", R"({"Word":"release"})").status, 200);
    for (auto& client : clients) client.join();
    EXPECT_EQ(released, count);
  }
}

TEST_F(dispatch, a_deferred_operation_hears_that_its_client_went) {
  auto r = posted("Wait", "{}");
  r.headers.add("Host", "127.0.0.1");
  wire::sign(r, key, "toy", "eu-west-1", sys::real_env().now());
  auto client = http::client::to_tcp("127.0.0.1", port);
  std::thread leaves{[&] {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return waiting.size() == 1; });
    client.cancel();
  }};
  EXPECT_FALSE(client.send({r.method, r.path, r.headers}, r.body, 20'000));
  leaves.join();
  std::unique_lock lock{mutex};
  EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds{20}, [&] { return gone == 1; }));
}

}  // namespace
}  // namespace mdlc::api
