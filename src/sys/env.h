// The clock and the source of chance behind one interface, so that a simulation can own both.
#pragma once

#include <string>

#include "base/time.h"

namespace mdlc::sys {

class env {
 public:
  virtual ~env() = default;
  virtual base::time_point now() = 0;
  virtual void random_bytes(char* out, size_t count) = 0;  // cryptographically strong in the real one
  // Thread-safe, like all of it.

  std::string uuid();                   // version 4: "8-4-4-4-12", lower case
  std::string random_id(size_t count);  // `count` characters of [a-z0-9]
};

// The machine's own clock and entropy.
env& real_env();

}  // namespace mdlc::sys
