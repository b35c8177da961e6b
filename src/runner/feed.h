// Input that a job's program reads as named pipes: SageMaker's Pipe mode. Whoever prepares the job leaves in `folder`
//
//   0, 1, …   the objects, as files
//   records   JSON lines: an array of what one record gives, each an object's number or a text itself
//   sources   JSON lines: a string for each object, by number, for the words of an error
//
// The supervisor makes the pipe of an epoch, and the next one's before it fills that one; it fills it with the records,
// takes its name away and closes it, again and again until the program ends. A reader that closes early begins the next
// epoch.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sys/files.h"

namespace mdlc::runner {

inline constexpr const char* feed_records_file = "records";
inline constexpr const char* feed_sources_file = "sources";

struct feed {
  sys::path pipe;    // the pipe of epoch n has this path, an underscore and n
  sys::path folder;  // outside what the program sees
  bool is_gzipped = false;
  bool wraps_records = false;   // each object and each text becomes one RecordIO record
  std::optional<int64_t> seed;  // the records' order: theirs, or one by this and the epoch
};

// What a RecordIO record may hold: 29 bits say how long it is.
inline constexpr int64_t recordio_bytes_max = (int64_t{1} << 29) - 1;
// A line of `records`.
inline constexpr int64_t feed_line_bytes_max = int64_t{8} << 20;

// The order in which an epoch gives `count` records.
std::vector<uint32_t> epoch_order(uint32_t count, int64_t seed, int64_t epoch);

// The feeds of one program, each with a thread of its own. One thread at a time.
class feeding {
 public:
  // Makes the pipes of the first epoch, so before the program begins. The feeds must outlive it.
  static base::result<std::unique_ptr<feeding>> prepare(std::span<const feed>);
  ~feeding();  // ends the threads, whatever the readers do
  void begin();

  // Readable once something of the input cannot be given.
  int failed_fd() const { return failed_.get(); }
  // What that was; else empty.
  std::string failure() const;

 private:
  class channel;
  feeding() = default;
  void fail(std::string why);

  sys::descriptor failed_, stop_;
  mutable std::mutex mutex_;
  std::string failure_;
  std::vector<std::unique_ptr<channel>> channels_;
};

}  // namespace mdlc::runner
