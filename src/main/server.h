// The server: all parts made, wired, and taken down in the right order.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "runner/runtimes.h"
#include "sys/files.h"

namespace mdlc {

struct settings {
  sys::path data_folder;
  std::string host = "127.0.0.1";
  uint16_t port = 4566;                        // 0: a free one
  std::string python{runner::default_python};  // for functions and scripts
};

class server {
 public:
  // Locks the folder, opens the stores, makes the services, takes up what was interrupted, listens.
  // Errors are for the person who started it.
  static base::result<std::unique_ptr<server>> start(const settings&);
  ~server();  // as stop()

  const std::string& endpoint() const;
  // Answers what is under way, lets jobs go on, ends functions, closes all. Idempotent.
  void stop();

 private:
  struct state;
  explicit server(std::unique_ptr<state>);
  std::unique_ptr<state> state_;
};

}  // namespace mdlc
