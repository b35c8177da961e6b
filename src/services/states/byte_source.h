// Bytes of an object as they are asked for, plain or gzipped; and the lines and values in them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "blob/store.h"

namespace mdlc::services::states {

// One item, a line or a value, has so many bytes at most, whatever the object.
inline constexpr size_t item_bytes_max = 1024 * 1024;

class byte_source {
 public:
  virtual ~byte_source() = default;
  // The next byte, or -1 at the end and after a failure.
  int next() { return at_ < end_ || fill() ? static_cast<unsigned char>(*at_++) : -1; }
  int peek() { return at_ < end_ || fill() ? static_cast<unsigned char>(*at_) : -1; }
  // Why it ended before the end; empty where it did not.
  const std::string& failure() const { return failure_; }

 protected:
  // More bytes; 0 at the end.
  virtual base::result<size_t> read(char* into, size_t count) = 0;

 private:
  bool fill();
  std::string buffer_, failure_;
  const char *at_ = nullptr, *end_ = nullptr;
};

std::unique_ptr<byte_source> open_source(const blob::slice&);
// Gunzipped where the bytes begin as gzip does.
std::unique_ptr<byte_source> open_unpacked(const blob::slice&);

// A line without its end (LF or CRLF); false at the end of the source. Too long a line is an error.
base::result<bool> read_line(byte_source&, std::string& line);

// Records as RFC 4180 has them. Empty lines are none.
class csv_reader {
 public:
  csv_reader(byte_source& from, char delimiter) : from_(from), delimiter_(delimiter) {}
  base::result<bool> next(std::vector<std::string>& fields);

 private:
  byte_source& from_;
  const char delimiter_;
};

// The elements of a JSON array, one at a time. `pointer` (RFC 6901, may be empty) says where in the text the array is.
class json_elements {
 public:
  json_elements(byte_source& from, std::string pointer) : from_(from), pointer_(std::move(pointer)) {}
  // The next element's text. false: no more. Errors: not JSON, no array there (not_an_array), an element too long.
  base::result<bool> next(std::string& text);
  static constexpr std::string_view not_an_array = "Attempting to map over non-iterable node.";

 private:
  base::result<void> descend();
  base::result<void> enter(const std::string& step);
  base::result<void> take_value(std::string* into);
  base::result<void> take_string(std::string* into);
  void skip_space();

  byte_source& from_;
  std::string pointer_;
  bool begun_ = false, over_ = false;
};

}  // namespace mdlc::services::states
