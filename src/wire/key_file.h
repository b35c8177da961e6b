// The access key of a data folder: made at the first start, kept in a file that only its owner can read.
#pragma once

#include "sys/env.h"
#include "sys/files.h"
#include "wire/sigv4.h"

namespace mdlc::wire {

base::result<client_key> read_key_file(const sys::path& data_folder);
// The same; makes it where there is none.
base::result<client_key> open_key_file(const sys::path& data_folder, sys::env&);

// As AWS's look: a prefix (AKIA: lasting, ASIA: temporary), then letters and digits; 20 in all.
std::string new_access_key(std::string_view prefix, sys::env&);

}  // namespace mdlc::wire
