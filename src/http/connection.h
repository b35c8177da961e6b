// Inside http/ only: a client's connection and the exchanges on it, one after the other.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include "http/server.h"

namespace mdlc::http {

using stream_socket = boost::asio::generic::stream_protocol::socket;

class connection;

// What a server's connections share. They keep it alive.
struct server::state {
  boost::asio::io_context& io;
  sys::thread_pool& pool;
  const http::handler handle;
  const http::limits limits;

  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<bool> stopping{false};  // set before any connection is told
  std::set<connection*> open;
  std::vector<std::function<void()>> paused;     // listeners that wait for a connection to end
  std::vector<std::function<void()>> listeners;  // closes each

  state(boost::asio::io_context& io, sys::thread_pool& pool, http::handler handle, const http::limits& limits)
      : io(io), pool(pool), handle(std::move(handle)), limits(limits) {}
};

// Begins to serve; `socket` runs on a strand of its own.
void start_connection(std::shared_ptr<server::state>, stream_socket socket);
// Closes those without an open exchange (all if `now`), the others behind their answers.
void close_connections(server::state&, bool now);

}  // namespace mdlc::http
