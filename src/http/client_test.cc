#include "http/client.h"

#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/server.h"

namespace mdlc::http {
namespace {

using testing::HasSubstr;

class conversation : public testing::Test {
 protected:
  sys::thread_pool pool{2};
  loop sockets;
  server serving{sockets, pool, [this](std::shared_ptr<exchange> e) { handle(std::move(e)); }};

  void handle(std::shared_ptr<exchange> e) {
    ++requests;
    const auto& target = e->head().target;
    if (target == "/never") {
      std::lock_guard lock{mutex};
      kept.push_back(std::move(e));
      return;
    }
    if (target == "/refuse") return e->answer({413, {}, std::string{"no"}});
    if (target == "/close") return e->answer({200, {{"Connection", "close"}}, std::string{"bye"}});
    e->read_body(1 << 20, [e](body_end, std::string body) {
      e->answer({201, {{"X-Method", e->head().method}}, body + "!"});
    });
  }

  std::atomic<int> requests{0};
  std::mutex mutex;
  std::vector<std::shared_ptr<exchange>> kept;
};

TEST_F(conversation, over_tcp_again_and_again) {
  const auto port = serving.listen_tcp("127.0.0.1", 0);
  ASSERT_TRUE(port);
  auto c = client::to_tcp("127.0.0.1", *port);
  for (int i = 0; i < 3; ++i) {
    const auto r = c.send({"POST", "/", {}}, std::string(100'000, 'x'), 20'000);
    ASSERT_TRUE(r) << r.error().message;
    EXPECT_EQ(r->status, 201);
    EXPECT_EQ(r->headers.get("x-method"), "POST");
    EXPECT_EQ(r->body.size(), 100'001u);
  }
}

TEST_F(conversation, over_a_unix_socket_with_a_long_name) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("mdlc-{}", getpid()) / std::string(120, 'd');
  std::filesystem::create_directories(folder);
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  ASSERT_TRUE(serving.listen_unix("s"));
  std::filesystem::current_path(here);
  auto c = client::to_unix(folder / "s");
  const auto r = c.send({"POST", "/", {}}, "a", 20'000);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->body, "a!");
  std::filesystem::remove_all(folder.parent_path());
}

TEST_F(conversation, goes_on_after_a_close) {
  const auto port = serving.listen_tcp("127.0.0.1", 0);
  auto c = client::to_tcp("127.0.0.1", *port);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(c.send({"GET", "/close", {}}, "", 20'000));
  EXPECT_EQ(requests, 3);
}

TEST_F(conversation, ends_at_its_deadline) {
  const auto port = serving.listen_tcp("127.0.0.1", 0);
  auto c = client::to_tcp("127.0.0.1", *port);
  const auto r = c.send({"GET", "/never", {}}, "", 50);
  ASSERT_FALSE(r);
  EXPECT_THAT(r.error().message, HasSubstr("in time"));
}

TEST_F(conversation, can_be_cancelled) {
  const auto port = serving.listen_tcp("127.0.0.1", 0);
  auto c = client::to_tcp("127.0.0.1", *port);
  std::thread other{[&] {
    while (requests == 0) std::this_thread::yield();
    c.cancel();
  }};
  const auto r = c.send({"GET", "/never", {}}, "", 20'000);
  other.join();
  ASSERT_FALSE(r);
  EXPECT_THAT(r.error().message, HasSubstr("cancelled"));
}

TEST_F(conversation, an_answer_has_its_bound) {
  const auto port = serving.listen_tcp("127.0.0.1", 0);
  auto c = client::to_tcp("127.0.0.1", *port);
  EXPECT_TRUE(c.send({"POST", "/", {}}, std::string(999, 'x'), 20'000, 1000));
  const auto r = c.send({"POST", "/", {}}, std::string(1000, 'x'), 20'000, 1000);
  ASSERT_FALSE(r);
  EXPECT_THAT(r.error().message, HasSubstr("too large"));
}

// Pieces of a body, `count` of them.
client::source pieces_of(const std::string& piece, int count) {
  return [=, left = count, here = piece]() mutable -> base::result<std::string_view> {
    if (left-- <= 0) return std::string_view{};
    return std::string_view{here};
  };
}

TEST_F(conversation, streams_in_chunks_and_takes_what_comes) {
  const auto port = serving.listen_tcp("127.0.0.1", 0);
  auto c = client::to_tcp("127.0.0.1", *port);
  std::string got;
  const client::sink keep = [&](std::string_view bytes) -> base::result<void> {
    return got += bytes, base::result<void>{};
  };
  const auto r = c.send_streamed({"POST", "/", {}}, pieces_of(std::string(50'001, 'x'), 7), keep, 20'000);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->status, 201);
  EXPECT_EQ(r->body, "");
  EXPECT_EQ(got.size(), 7u * 50'001 + 1);
  EXPECT_EQ(got.find_first_not_of('x'), got.size() - 1);
  EXPECT_TRUE(c.send({"POST", "/", {}}, "a", 20'000));
}

TEST_F(conversation, a_refusal_comes_while_there_is_more_to_send) {
  const auto port = serving.listen_tcp("127.0.0.1", 0);
  auto c = client::to_tcp("127.0.0.1", *port);
  const client::sink nothing = [](std::string_view) -> base::result<void> { return base::fail("not this"); };
  // Far more than the kernel holds, and nobody reads it.
  const std::string much(64 << 20, 'x');
  const auto streamed = c.send_streamed({"POST", "/refuse", {}}, pieces_of(much, 3), nothing, 20'000);
  ASSERT_TRUE(streamed) << streamed.error().message;
  EXPECT_EQ(streamed->status, 413);
  EXPECT_EQ(streamed->body, "no");
  const auto whole = c.send({"POST", "/refuse", {}}, much, 20'000);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->status, 413);
}

TEST_F(conversation, errors_of_source_and_sink_end_it) {
  const auto port = serving.listen_tcp("127.0.0.1", 0);
  auto c = client::to_tcp("127.0.0.1", *port);
  const client::sink full = [](std::string_view) -> base::result<void> { return base::fail("full"); };
  const client::source dry = []() -> base::result<std::string_view> { return base::fail("dry"); };
  EXPECT_EQ(c.send_streamed({"POST", "/", {}}, dry, full, 20'000).error().message, "dry");
  EXPECT_EQ(c.send_streamed({"POST", "/", {}}, pieces_of("a", 1), full, 20'000).error().message, "full");
}

// A server that says that to whoever connects, and closes.
std::string error_where_it_says(const std::string& what) {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("mdlc-client-{}", getpid());
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  file.string().copy(name.sun_path, sizeof name.sun_path - 1);
  const sys::descriptor listening{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  EXPECT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  EXPECT_EQ(::listen(listening.get(), 1), 0);
  std::thread other{[&] {
    const sys::descriptor one{::accept(listening.get(), nullptr, nullptr)};
    char request[1000];
    EXPECT_GT(::recv(one.get(), request, sizeof request, 0), 0);
    EXPECT_EQ(::send(one.get(), what.data(), what.size(), 0), static_cast<ssize_t>(what.size()));
  }};
  const auto r = client::to_unix(file).send({"GET", "/", {}}, "", 20'000);
  other.join();
  std::filesystem::remove(file);
  return r ? "(an answer)" : r.error().message;
}

TEST(client, what_is_no_answer_is_an_error) {
  const std::string half = "the server closed the connection before its answer was complete";
  EXPECT_EQ(error_where_it_says(""), half);
  EXPECT_EQ(error_where_it_says("HTTP/1.1 200 OK\r\nContent-"), half);
  EXPECT_EQ(error_where_it_says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhalf"), half);
  EXPECT_THAT(error_where_it_says("rubbish\r\n\r\n"), HasSubstr("not HTTP"));
}

TEST(client, nobody_there_is_an_error) { EXPECT_FALSE(client::to_unix("/nowhere/s").send({"GET", "/", {}}, "", 1000)); }

}  // namespace
}  // namespace mdlc::http
