// An object as the requests that a batch transform makes of it, read as they are needed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blob/store.h"
#include "runner/archive.h"

namespace mdlc::services::sagemaker {

inline constexpr int64_t mebibyte = int64_t{1} << 20;
inline constexpr int64_t payload_max = 100 * mebibyte;  // of MaxPayloadInMB
// What a request may hold where the job says 0, no bound.
inline constexpr int64_t unbounded_payload_max = int64_t{1} << 30;

enum class record_format { whole, line, recordio, tfrecord };  // SplitType; whole: the object is one request

struct splitting {
  record_format format = record_format::whole;
  bool one_at_a_time = false;  // BatchStrategy SingleRecord
  bool is_gzipped = false;     // CompressionType Gzip
  int64_t max_payload_bytes = 6 * mebibyte;
};

// One request's worth: whole records, in order. A line is without its end; a framed record (RecordIO, TFRecord) is in
// its frame, but where it is alone by one_at_a_time: then it is what is in the frame.
struct batch {
  std::string body;
  // Where each record stands in `body`; lines are joined by a newline. One for an unsplit object.
  std::vector<std::pair<size_t, size_t>> records;

  std::string_view record(size_t i) const { return std::string_view{body}.substr(records[i].first, records[i].second); }
};

class record_reader {
 public:
  record_reader(blob::slice content, const splitting& how) : content_(std::move(content)), how_(how) {}

  // Nothing at the end. An error is the customer's: a record larger than a request may be, a frame that is none or not
  // whole, or no gzip.
  base::result<std::optional<batch>> next();
  // Instead of next(): the object's bytes as they come, unzipped, until the next call; empty at the end.
  base::result<std::string_view> some();

 private:
  base::result<bool> fill();  // false at the end of the input
  base::result<std::optional<batch>> whole();
  base::result<std::optional<batch>> lines();
  base::result<std::optional<batch>> frames();
  std::string_view unread() const { return std::string_view{pending_}.substr(begun_); }

  blob::slice content_;
  splitting how_;
  std::optional<runner::gunzip> unzipped_;
  int64_t offset_ = 0;   // of the object, read so far
  std::string pending_;  // read and not handed out
  size_t begun_ = 0;     // of pending_, handed out
  size_t searched_ = 0;  // of pending_, known to hold no newline beyond begun_
  bool at_end_ = false;
};

}  // namespace mdlc::services::sagemaker
