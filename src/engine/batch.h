// The engine's envelope of a journal row: which commands are begun with it, then the procedure's own records.
//
//   "1" id "\n" id "\n" … "\n" records        (an empty id ends the list)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/procedure.h"

namespace mdlc::engine {

inline constexpr char batch_format = '1';

struct envelope {
  std::vector<command_id> begun;
  std::string_view records;  // of the row that was opened
};

std::string seal(const std::vector<command_id>& begun, std::string_view records);
base::result<envelope> unseal(std::string_view row);

}  // namespace mdlc::engine
