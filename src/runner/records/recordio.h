// RecordIO, MXNet's framing of byte strings: a magic number, a word whose upper three bits say which part of a record
// follows and whose others its length, the part, and zeros up to a multiple of four bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mdlc::runner::records {

inline constexpr uint32_t recordio_magic = 0xced7230a;
inline constexpr size_t part_bytes_max = (1u << 29) - 1;  // what 29 bits hold
inline constexpr size_t head_bytes = 8;
inline constexpr size_t alignment = 4;
// The zeros after a part of that length.
constexpr size_t padding(size_t length) { return (alignment - length % alignment) % alignment; }

// Takes the records of `bytes`, which it looks into and does not copy, one after the other.
class recordio_reader {
 public:
  explicit recordio_reader(std::string_view bytes) : rest_(bytes), size_(bytes.size()) {}
  // Of a request: also one record without a frame, as a batch transform sends it that splits RecordIO into single
  // records. It cannot be mistaken: what begins with the magic number is no Record that anybody writes, but a map's
  // entry that would begin with a field that entries do not have.
  static recordio_reader of_request(std::string_view body);
  // False at the end. The record is good until the next call. An error says at which byte: nothing can be read after
  // it.
  base::result<bool> next(std::string_view& record);

 private:
  enum class part { whole, first, middle, last };
  base::result<part> take(std::string_view& content);
  std::string_view rest_;
  size_t size_;
  bool is_bare_ = false;  // one record, without a frame
  std::string joined_;    // of a record in several parts
};

// `record` is to be at most part_bytes_max long.
void append_recordio(std::string& to, std::string_view record);

}  // namespace mdlc::runner::records
