// Memory of one evaluation (or one compiled expression): given out in pieces, taken back all at once.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace mdlc::expr::jsonata {

// Not thread-safe. Nothing made in it has its destructor called.
class arena {
 public:
  explicit arena(size_t limit_bytes = SIZE_MAX) : limit_(limit_bytes) {}
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;

  // For what is small and of a fixed size: always answers; past the limit it marks the arena as exhausted.
  void* allocate(size_t bytes);
  // For what grows with the data: null where the limit does not allow it, and the arena is exhausted then.
  void* try_allocate(size_t bytes);
  // Whether the block at `at` could be made larger where it stands (it was the last one given out).
  bool extend(void* at, size_t bytes, size_t new_bytes);

  template <class T, class... A>
  T* make(A&&... a) {
    return new (allocate(sizeof(T))) T{std::forward<A>(a)...};
  }
  // A copy that lives as long as this; empty when it does not fit.
  std::string_view keep(std::string_view text);

  // Counts memory that is held elsewhere for as long as this.
  void charge(size_t bytes) {
    used_ += bytes;
    if (used_ > limit_) exhausted_ = true;
  }

  bool exhausted() const { return exhausted_; }
  size_t used() const { return used_; }

 private:
  static constexpr size_t first_bytes = 2048;
  static constexpr size_t chunk_bytes = 256 * 1024;

  void* from_new_chunk(size_t bytes);

  size_t limit_;
  size_t used_ = 0;
  bool exhausted_ = false;
  char* at_ = first_;
  char* end_ = first_ + first_bytes;
  size_t next_chunk_ = 8 * 1024;
  std::vector<std::unique_ptr<char[]>> chunks_;
  alignas(16) char first_[first_bytes];
};

}  // namespace mdlc::expr::jsonata
