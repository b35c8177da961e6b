#include "http/server.h"

#include <signal.h>
#include <unistd.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "base/log.h"
#include "http/connection.h"
#include "http/loop.h"

namespace mdlc::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using local = asio::local::stream_protocol;

namespace {

constexpr int64_t accept_retry_ms = 50;

void prepare(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay{true}, ignored);
}
void prepare(local::socket&) {}

template <class Protocol>
class listener : public std::enable_shared_from_this<listener<Protocol>> {
 public:
  using acceptor_type = typename Protocol::acceptor;

  listener(std::shared_ptr<server::state> server, acceptor_type acceptor)
      : server_(std::move(server)), acceptor_(std::move(acceptor)), retry_(acceptor_.get_executor()) {}

  void start() {
    {
      std::lock_guard lock{server_->mutex};
      server_->listeners.push_back([weak = this->weak_from_this()] {
        if (auto self = weak.lock()) asio::post(self->acceptor_.get_executor(), [self] { self->close(); });
      });
    }
    asio::post(acceptor_.get_executor(), [self = this->shared_from_this()] { self->accept(); });
  }

 private:
  void close() {
    error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
  }

  void accept() {
    if (!acceptor_.is_open()) return;
    {
      std::lock_guard lock{server_->mutex};
      if (server_->open.size() >= server_->limits.connections) {
        server_->paused.push_back([self = this->shared_from_this()] {
          asio::post(self->acceptor_.get_executor(), [self] { self->accept(); });
        });
        return;
      }
    }
    acceptor_.async_accept(asio::make_strand(server_->io),
                           [self = this->shared_from_this()](error_code error, typename Protocol::socket socket) {
                             if (error == asio::error::operation_aborted) return;
                             if (error) return self->try_later();  // out of descriptors, or the client was gone at once
                             prepare(socket);
                             start_connection(self->server_, stream_socket{std::move(socket)});
                             self->accept();
                           });
  }

  void try_later() {
    retry_.expires_after(std::chrono::milliseconds{accept_retry_ms});
    retry_.async_wait([self = this->shared_from_this()](error_code error) {
      if (!error) self->accept();
    });
  }

  std::shared_ptr<server::state> server_;
  acceptor_type acceptor_;
  asio::steady_timer retry_;
};

template <class Protocol>
base::result<typename Protocol::endpoint> listen(const std::shared_ptr<server::state>& server,
                                                 const typename Protocol::endpoint& where) {
  typename Protocol::acceptor acceptor{asio::make_strand(server->io)};
  error_code error;
  acceptor.open(where.protocol(), error);
  if constexpr (std::is_same_v<Protocol, tcp>) acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
  if (!error) acceptor.bind(where, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return base::fail(error.message());
  auto bound = acceptor.local_endpoint();
  std::make_shared<listener<Protocol>>(server, std::move(acceptor))->start();
  return bound;
}

}  // namespace

loop::loop(size_t threads) : state_(std::make_unique<state>()) {
  // A client that closes early must not end the server.
  ::signal(SIGPIPE, SIG_IGN);
  for (size_t i = 0; i < threads; ++i)
    state_->threads.emplace_back([s = state_.get()] {
      while (true) {
        try {
          s->io.run();
          return;
        } catch (const std::exception& e) {
          base::log::error("a socket's handler threw: {}", e.what());
        }
      }
    });
}

loop::~loop() { stop(); }

void loop::stop() {
  state_->work.reset();
  state_->io.stop();
  for (auto& thread : state_->threads)
    if (thread.joinable()) thread.join();
}

server::server(loop& l, sys::thread_pool& pool, handler handle, limits limits)
    : state_(std::make_shared<state>(l.impl().io, pool, std::move(handle), limits)) {}

server::~server() { stop(0); }

base::result<uint16_t> server::listen_tcp(const std::string& host, uint16_t port) {
  error_code error;
  auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error) return base::fail(fmt::format("'{}' is no numeric address", host));
  MDLC_TRY(auto bound, listen<tcp>(state_, tcp::endpoint{address, port}));
  return bound.port();
}

base::result<void> server::listen_unix(const sys::path& socket) {
  // What a server that was killed left there would be in the way.
  ::unlink(socket.c_str());
  if (socket.native().size() >= sizeof(sockaddr_un::sun_path)) return base::fail("the socket's path is too long");
  MDLC_CHECK(listen<local>(state_, local::endpoint{socket.string()}));
  return {};
}

void server::stop(int64_t grace_ms) {
  std::vector<std::function<void()>> listeners;
  {
    std::lock_guard lock{state_->mutex};
    listeners.swap(state_->listeners);
    state_->paused.clear();
    state_->stopping = true;
  }
  for (auto& close : listeners) close();
  auto none_open = [this] { return state_->open.empty(); };
  if (grace_ms > 0) {
    close_connections(*state_, false);
    std::unique_lock lock{state_->mutex};
    state_->changed.wait_for(lock, std::chrono::milliseconds{grace_ms}, none_open);
  }
  close_connections(*state_, true);
}

}  // namespace mdlc::http
