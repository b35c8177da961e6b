// The files of a channel, as the built-in algorithms read them.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sys/files.h"

namespace mdlc::runner::records {

// A whole file mapped for reading. Movable.
class mapped_file {
 public:
  static base::result<mapped_file> open(const sys::path&);  // an error is words for the customer
  mapped_file(mapped_file&& other) noexcept : at_(std::exchange(other.at_, nullptr)), size_(other.size_) {}
  ~mapped_file();
  std::string_view text() const { return {at_, at_ ? size_ : 0}; }

 private:
  mapped_file() = default;
  const char* at_ = nullptr;
  size_t size_ = 0;
};

// All regular files below the folder in order of their paths. As in SageMaker's containers, what begins with a point or
// an underscore is no data: markers and sums that other programs leave beside it.
std::vector<sys::path> data_files(const sys::path& folder);

}  // namespace mdlc::runner::records
