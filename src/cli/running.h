// What a running server says about itself in its data folder.
#pragma once

#include <string>

#include "base/result.h"
#include "sys/files.h"
#include "wire/sigv4.h"

namespace mdlc::cli {

struct running {
  int64_t pid = 0;
  std::string endpoint;  // http://127.0.0.1:4566
};

base::result<void> write_running(const sys::path& data_folder, const running&);
void remove_running(const sys::path& data_folder);
// Fails, in words for a person, where no server runs on that folder.
base::result<running> read_running(const sys::path& data_folder);

}  // namespace mdlc::cli
