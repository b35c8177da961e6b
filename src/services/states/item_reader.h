// ItemReader: the items of a distributed Map out of S3, one after the other, however large their source is.
#pragma once

#include <functional>

#include "api/host.h"
#include "asl/record.h"

namespace mdlc::services::states {

inline constexpr size_t csv_header_bytes_max = 10 * 1024;

// How operations are called for the Map.
using call_as = std::function<api::answer<json::value>(std::string_view operation, const json::value& input,
                                                       std::optional<blob::slice>* body)>;

// Takes an item; false: enough.
using item_sink = std::function<base::result<bool>(const json::value&)>;

// `plan`: the member "reader" of asl/distributed_map.h. What is wrong is in AWS's words where we know them; the error
// is States.ItemReaderFailed.
base::result<void> read_items(const json::value& plan, const call_as&, const item_sink&);

}  // namespace mdlc::services::states
