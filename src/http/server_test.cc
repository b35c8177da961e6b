// The server against a client of plain sockets, so that each byte of a conversation is the test's own.
#include "http/server.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace mdlc::http {
namespace {

constexpr int patience_ms = 20'000;

// A connection of the test's. Reads wait at most `patience_ms`.
class peer {
 public:
  explicit peer(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t put = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(put));
    }
  }
  // Up to and with `mark`; all there is where the server closes first.
  std::string read_to(std::string_view mark) {
    while (true) {
      if (auto at = pending_.find(mark); at != std::string::npos) return take(at + mark.size());
      if (!receive()) return take(pending_.size());
    }
  }
  std::string read_bytes(size_t count) {
    while (pending_.size() < count && receive()) {
    }
    return take(std::min(count, pending_.size()));
  }
  // Head and body of one answer.
  std::string read_answer() {
    auto head = read_to("\r\n\r\n");
    auto field = head.find("Content-Length: ");
    return head + (field == std::string::npos ? "" : read_bytes(std::stoul(head.substr(field + 16))));
  }
  std::string ask(std::string_view request) {
    send(request);
    return read_answer();
  }
  bool at_end() { return pending_.empty() && !receive(); }
  void close() { socket_ = {}; }

 private:
  std::string take(size_t count) {
    auto out = pending_.substr(0, count);
    pending_.erase(0, count);
    return out;
  }
  bool receive() {
    pollfd one{socket_.get(), POLLIN, 0};
    if (::poll(&one, 1, patience_ms) <= 0) return false;
    char buffer[65536];
    ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    pending_.append(buffer, static_cast<size_t>(got));
    return true;
  }

  sys::descriptor socket_;
  std::string pending_;
};

class recording_sink : public body_sink {
 public:
  base::result<void> write(std::string_view bytes) override {
    if (text.size() + bytes.size() > refuse_above) return base::fail("enough");
    text += bytes;
    ++calls;
    return {};
  }
  std::string text;
  size_t calls = 0;
  size_t refuse_above = std::string::npos;
};

class server_test : public testing::Test {
 protected:
  ~server_test() override {
    serving.reset();
    pool.stop();
  }

  uint16_t start(handler handle, limits l = {}) {
    serving = std::make_unique<server>(sockets, pool, std::move(handle), l);
    return serving->listen_tcp("127.0.0.1", 0).value();
  }
  // Answers with what it got: the target, and the body in brackets.
  static handler echo(size_t limit = 1 << 20) {
    return [limit](std::shared_ptr<exchange> e) {
      e->read_body(limit, [e](body_end end, std::string body) {
        int status = end.end == body_end::how::complete ? 200 : 413;
        e->answer({status, {}, fmt::format("{}[{}]", e->head().target, body)});
      });
    };
  }

  loop sockets;
  sys::thread_pool pool{2};
  std::unique_ptr<server> serving;
};

std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }
bool is(const std::string& answer, int status) { return answer.starts_with(fmt::format("HTTP/1.1 {} ", status)); }

TEST_F(server_test, serves_one_request_after_the_other_on_a_connection) {
  peer p{start(echo())};
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(body_of(p.ask(fmt::format("POST /{} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", i))),
              fmt::format("/{}[hi]", i));
}

TEST_F(server_test, serves_requests_that_come_ahead) {
  peer p{start(echo())};
  p.send("GET /a HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 1\r\n\r\nxGET /c HTTP/1.1\r\n\r\n");
  EXPECT_EQ(body_of(p.read_answer()), "/a[]");
  EXPECT_EQ(body_of(p.read_answer()), "/b[x]");
  EXPECT_EQ(body_of(p.read_answer()), "/c[]");
}

TEST_F(server_test, reads_chunked_bodies) {
  peer p{start(echo())};
  EXPECT_EQ(body_of(p.ask("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")),
            "/[abcde]");
}

TEST_F(server_test, old_clients_are_closed_unless_they_ask) {
  auto port = start(echo());
  peer p{port};
  EXPECT_NE(p.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").find("Connection: keep-alive"),
            std::string::npos);
  EXPECT_TRUE(is(p.ask("GET / HTTP/1.0\r\n\r\n"), 200));
  EXPECT_TRUE(p.at_end());
}

TEST_F(server_test, says_continue_when_the_body_is_wanted_and_not_before) {
  auto port = start([](std::shared_ptr<exchange> e) {
    if (e->head().target == "/no") return e->answer({403, {}, std::string{"no"}});
    echo()(e);
  });
  peer wanted{port};
  wanted.send("PUT /yes HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(wanted.read_to("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(body_of(wanted.ask("hi")), "/yes[hi]");
  peer refused{port};
  auto answer = refused.ask("PUT /no HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(is(answer, 403));
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(refused.at_end());
}

TEST_F(server_test, bodies_in_memory_have_a_bound) {
  auto port = start(echo(10));
  struct {
    std::string body_head;
    int status;
  } table[] = {
      {"Content-Length: 10\r\n\r\n0123456789", 200},
      {"Content-Length: 11\r\n\r\n01234567890", 413},
      {"Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n", 200},
      {"Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n", 413},
  };
  for (const auto& row : table) {
    peer p{port};
    EXPECT_TRUE(is(p.ask("POST / HTTP/1.1\r\n" + row.body_head), row.status)) << row.body_head;
  }
}

TEST_F(server_test, an_answer_before_the_body_reaches_a_client_that_still_sends) {
  auto port = start([](std::shared_ptr<exchange> e) { e->answer({413, {}, std::string{"too much"}}); });
  peer p{port};
  std::string big(4 << 20, 'x');
  p.send(fmt::format("PUT / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", big.size()));
  p.send(big);
  EXPECT_EQ(body_of(p.read_answer()), "too much");
}

TEST_F(server_test, heads_have_a_bound) {
  auto port = start(echo(), {.head_bytes = 1000});
  auto with_head_of = [&](size_t size) {
    std::string head = "GET / HTTP/1.1\r\nX: ";
    head += std::string(size - head.size() - 4, 'x') + "\r\n\r\n";
    return peer{port}.ask(head);
  };
  EXPECT_TRUE(is(with_head_of(1000), 200));
  EXPECT_TRUE(is(with_head_of(1001), 431));
}

TEST_F(server_test, what_is_not_http_is_refused_and_the_server_goes_on) {
  auto port = start(echo());
  for (std::string_view text : {"hello\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
                                "GET / HTTP/9.9\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                                "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    peer p{port};
    EXPECT_TRUE(is(p.ask(text), 400)) << text;
    EXPECT_TRUE(p.at_end());
  }
  EXPECT_TRUE(is(peer{port}.ask("GET / HTTP/1.1\r\n\r\n"), 200));
}

TEST_F(server_test, streams_a_body_into_a_sink) {
  auto sink = std::make_shared<recording_sink>();
  auto port = start([sink](std::shared_ptr<exchange> e) {
    EXPECT_EQ(e->announced_length(), 3'000'000);
    e->stream_body(sink, [e](body_end end) {
      e->answer({end.end == body_end::how::complete ? 200 : 500, {}, std::string{}});
    });
  });
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i) body += std::to_string(i);
  body.resize(3'000'000);
  peer p{port};
  EXPECT_TRUE(is(p.ask(fmt::format("PUT / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{}", body.size(), body)), 200));
  EXPECT_EQ(sink->text, body);
  EXPECT_GT(sink->calls, 1u);
}

TEST_F(server_test, a_sink_that_refuses_ends_the_transfer) {
  auto sink = std::make_shared<recording_sink>();
  sink->refuse_above = 100'000;
  auto port = start([sink](std::shared_ptr<exchange> e) {
    e->stream_body(sink, [e](body_end end) {
      EXPECT_EQ(end.end, body_end::how::sink_failed);
      e->answer({400, {}, end.why});
    });
  });
  peer p{port};
  p.send("PUT / HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n");
  p.send(std::string(1'000'000, 'x'));
  EXPECT_EQ(body_of(p.read_answer()), "enough");
}

TEST_F(server_test, a_client_that_breaks_off_is_told_to_the_handler) {
  std::promise<body_end::how> ended;
  auto port = start([&](std::shared_ptr<exchange> e) {
    e->stream_body(std::make_shared<recording_sink>(), [&, e](body_end end) { ended.set_value(end.end); });
  });
  peer p{port};
  p.send("PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf");
  p.close();
  EXPECT_EQ(ended.get_future().get(), body_end::how::broken);
}

TEST_F(server_test, sends_a_part_of_a_file) {
  auto path = std::filesystem::temp_directory_path() / fmt::format("mdlc-http-{}", ::getpid());
  std::string content;
  for (int i = 0; content.size() < 2'000'000; ++i) content += std::to_string(i);
  std::ofstream{path} << content;
  auto file = std::make_shared<sys::descriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::filesystem::remove(path);
  auto port = start([&](std::shared_ptr<exchange> e) {
    e->answer({206, {}, file_part{file, file->get(), 10, 1'500'000}});
  });
  peer p{port};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(body_of(p.ask("GET / HTTP/1.1\r\n\r\n")), content.substr(10, 1'500'000));
  auto head = p.ask("HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: 1500000"), std::string::npos);
}

TEST_F(server_test, answers_without_a_body_have_none) {
  auto port = start([](std::shared_ptr<exchange> e) {
    int status = std::stoi(e->head().target.substr(1));
    e->answer({status, {}, std::string{"body"}, 77});
  });
  peer p{port};
  p.send("GET /204 HTTP/1.1\r\n\r\nGET /304 HTTP/1.1\r\n\r\nHEAD /200 HTTP/1.1\r\n\r\nGET /200 HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(is(p.read_to("\r\n\r\n"), 204));
  EXPECT_TRUE(is(p.read_to("\r\n\r\n"), 304));
  EXPECT_NE(p.read_to("\r\n\r\n").find("Content-Length: 77"), std::string::npos);
  EXPECT_EQ(body_of(p.read_answer()), "body");
}

TEST_F(server_test, header_values_cannot_make_headers) {
  auto port = start([](std::shared_ptr<exchange> e) { e->answer({200, {{"X-A", "a\r\nX-B: b"}}, std::string{}}); });
  EXPECT_NE(peer{port}.ask("GET / HTTP/1.1\r\n\r\n").find("X-A: a  X-B: b\r\n"), std::string::npos);
}

// More answers outstanding than there are threads of any kind.
TEST_F(server_test, answers_may_come_later_from_anywhere) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<exchange>> waiting;
  auto port = start([&](std::shared_ptr<exchange> e) {
    std::lock_guard lock{mutex};
    waiting.push_back(std::move(e));
    changed.notify_all();
  });
  std::vector<peer> peers;
  for (int i = 0; i < 50; ++i) peers.emplace_back(port).send(fmt::format("GET /{} HTTP/1.1\r\n\r\n", i));
  {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return waiting.size() == peers.size(); });
  }
  for (auto& e : waiting) {
    e->answer({200, {}, e->head().target});
    e->answer({500, {}, std::string{"a second answer is dropped"}});
  }
  for (size_t i = 0; i < peers.size(); ++i) EXPECT_EQ(body_of(peers[i].read_answer()), fmt::format("/{}", i));
}

TEST_F(server_test, an_exchange_that_is_dropped_answers_500) {
  auto port = start([](std::shared_ptr<exchange>) {});
  EXPECT_TRUE(is(peer{port}.ask("GET / HTTP/1.1\r\n\r\n"), 500));
}

TEST_F(server_test, a_handler_that_throws_answers_500) {
  auto port = start([](std::shared_ptr<exchange>) { throw std::runtime_error("a bug"); });
  EXPECT_TRUE(is(peer{port}.ask("GET / HTTP/1.1\r\n\r\n"), 500));
  EXPECT_TRUE(is(peer{port}.ask("GET / HTTP/1.1\r\n\r\n"), 500));
}

TEST_F(server_test, tells_when_a_waiting_client_has_gone) {
  std::promise<void> gone;
  std::promise<std::shared_ptr<exchange>> kept;
  auto port = start([&](std::shared_ptr<exchange> e) {
    e->read_body(0, [&, e](body_end, std::string) {
      e->when_gone([&] { gone.set_value(); });
      kept.set_value(e);
    });
  });
  peer p{port};
  p.send("GET / HTTP/1.1\r\n\r\n");
  auto e = kept.get_future().get();
  p.close();
  gone.get_future().get();
  e->answer({200, {}, std::string{"nobody reads it"}});
}

TEST_F(server_test, a_watched_client_gets_its_answer_and_goes_on) {
  auto port = start([](std::shared_ptr<exchange> e) {
    e->read_body(0, [e](body_end, std::string) {
      e->when_gone([] { ADD_FAILURE() << "it is there"; });
      e->answer({200, {}, e->head().target});
    });
  });
  peer p{port};
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(body_of(p.ask(fmt::format("GET /{} HTTP/1.1\r\n\r\n", i))), fmt::format("/{}", i));
}

TEST_F(server_test, slow_clients_are_closed) {
  auto port = start(echo(), {.idle_timeout_ms = 30, .head_timeout_ms = 30, .stall_timeout_ms = 30});
  for (std::string_view begun : {"", "GET / HT", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"}) {
    peer p{port};
    p.send(begun);
    auto rest = p.read_to("never");
    EXPECT_TRUE(rest.empty() || is(rest, 413)) << rest;
  }
}

TEST_F(server_test, connections_above_the_bound_wait) {
  auto port = start(echo(), {.connections = 2});
  peer first{port}, second{port};
  EXPECT_TRUE(is(first.ask("GET / HTTP/1.1\r\n\r\n"), 200));
  EXPECT_TRUE(is(second.ask("GET / HTTP/1.1\r\n\r\n"), 200));
  peer third{port};
  third.send("GET /third HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(is(first.ask("GET / HTTP/1.1\r\n\r\n"), 200));
  first.close();
  EXPECT_EQ(body_of(third.read_answer()), "/third[]");
}

TEST_F(server_test, stops_when_what_is_under_way_is_answered) {
  std::promise<std::shared_ptr<exchange>> kept;
  auto port = start([&](std::shared_ptr<exchange> e) { kept.set_value(std::move(e)); });
  peer idle{port}, busy{port};
  busy.send("GET / HTTP/1.1\r\n\r\n");
  auto e = kept.get_future().get();
  std::thread stopping{[&] { serving->stop(patience_ms); }};
  EXPECT_TRUE(idle.at_end());
  e->answer({200, {}, std::string{"done"}});
  e.reset();
  auto answer = busy.read_answer();
  EXPECT_EQ(body_of(answer), "done");
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  stopping.join();
}

TEST_F(server_test, a_port_that_is_taken_is_an_error) {
  auto port = start(echo());
  server other{sockets, pool, echo()};
  auto taken = other.listen_tcp("127.0.0.1", port);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().message, "Address already in use");
  EXPECT_FALSE(other.listen_tcp("no.such.address", 0));
}

}  // namespace
}  // namespace mdlc::http
