#include "http/unix_exchange.h"

#include <filesystem>
#include <future>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/testing.h"

namespace mdlc::http {
namespace {

using cause = exchange_failure::cause;
using outcome = base::result<response, exchange_failure>;

class over_a_unix_socket : public testing::Test {
 protected:
  over_a_unix_socket() {
    std::filesystem::create_directories(socket.parent_path());
    const auto here = std::filesystem::current_path();
    std::filesystem::current_path(socket.parent_path());
    EXPECT_TRUE(serving.listen_unix("s"));
    std::filesystem::current_path(here);
  }

  outcome ask(std::string target, std::string body = {}, int64_t timeout_ms = 20'000, size_t bytes = 1 << 20) {
    const auto told = std::make_shared<std::promise<outcome>>();
    exchange_over_unix(
        sockets, {socket, {"POST", std::move(target), {{"X-A", "a\r\nX-B: b"}}}, std::move(body), timeout_ms, bytes},
        [told](outcome o) { told->set_value(std::move(o)); });
    return told->get_future().get();
  }

  void handle(std::shared_ptr<exchange> e) {
    if (e->head().target == "/never") {
      std::lock_guard lock{mutex};
      kept.push_back(std::move(e));
      return;
    }
    e->read_body(1 << 20, [e](body_end, std::string body) {
      e->answer({201, {{"X-Said", std::string{e->head().headers.get("X-A")}}}, body + "!"});
    });
  }

  sys::temporary_folder folder;
  sys::path socket = folder / std::string(120, 'd') / "s";  // longer than the kernel takes
  sys::thread_pool pool{2};
  loop sockets;
  server serving{sockets, pool, [this](std::shared_ptr<exchange> e) { handle(std::move(e)); }};
  std::mutex mutex;
  std::vector<std::shared_ptr<exchange>> kept;  // dropped while the loop is there
};

TEST_F(over_a_unix_socket, an_answer_with_its_head_and_body) {
  const auto r = ask("/", std::string(100'000, 'x'));
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->status, 201);
  EXPECT_EQ(r->body.size(), 100'001u);
  EXPECT_EQ(r->headers.get("x-said"), "a  X-B: b");  // a value cannot bring a field of its own
}

TEST_F(over_a_unix_socket, ends_at_its_deadline) {
  const auto r = ask("/never", "", 50);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().why, cause::timeout);
}

TEST_F(over_a_unix_socket, an_answer_has_its_bound) {
  EXPECT_TRUE(ask("/", std::string(999, 'x'), 20'000, 1000));
  const auto r = ask("/", std::string(1000, 'x'), 20'000, 1000);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().why, cause::too_large);
}

TEST_F(over_a_unix_socket, nobody_there) {
  socket = folder / "nowhere" / "s";
  EXPECT_EQ(ask("/").error().why, cause::unreachable);
  socket = folder / "nobody";
  EXPECT_EQ(ask("/").error().why, cause::unreachable);
}

// A server that takes the connection and speaks another language, or none.
void answer_once(const sys::path& socket, std::string_view text) {
  const int listening = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(socket.native().size(), sizeof address.sun_path);
  std::copy(socket.native().begin(), socket.native().end(), address.sun_path);
  ASSERT_EQ(bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listening, 1), 0);
  std::thread{[listening, text] {
    const int connection = accept(listening, nullptr, nullptr);
    char buffer[4096];
    [[maybe_unused]] auto got = read(connection, buffer, sizeof buffer);
    got = write(connection, text.data(), text.size());
    close(connection);
    close(listening);
  }}.detach();
}

TEST_F(over_a_unix_socket, what_is_no_http_and_what_ends_early_is_broken) {
  for (std::string_view text : {"rubbish\n\n", "", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"}) {
    socket = folder / "rubbish";
    ::unlink(socket.c_str());
    answer_once(socket, text);
    const auto r = ask("/");
    ASSERT_FALSE(r) << text;
    EXPECT_EQ(r.error().why, cause::broken) << text;
  }
}

}  // namespace
}  // namespace mdlc::http
