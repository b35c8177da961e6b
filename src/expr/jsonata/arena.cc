#include "expr/jsonata/arena.h"

#include <algorithm>
#include <cstring>

namespace mdlc::expr::jsonata {
namespace {

size_t rounded(size_t bytes) { return (bytes + 15) & ~size_t{15}; }

}  // namespace

void* arena::allocate(size_t bytes) {
  bytes = rounded(bytes);
  used_ += bytes;
  if (used_ > limit_) exhausted_ = true;
  if (bytes > static_cast<size_t>(end_ - at_)) return from_new_chunk(bytes);
  char* out = at_;
  at_ += bytes;
  return out;
}

void* arena::try_allocate(size_t bytes) {
  if (bytes > limit_ || used_ > limit_ - bytes) {
    exhausted_ = true;
    return nullptr;
  }
  return allocate(bytes);
}

bool arena::extend(void* at, size_t bytes, size_t new_bytes) {
  bytes = rounded(bytes);
  new_bytes = rounded(new_bytes);
  char* begin = static_cast<char*>(at);
  if (begin + bytes != at_ || new_bytes > static_cast<size_t>(end_ - begin) || used_ + (new_bytes - bytes) > limit_)
    return false;
  used_ += new_bytes - bytes;
  at_ = begin + new_bytes;
  return true;
}

void* arena::from_new_chunk(size_t bytes) {
  // A large block has a chunk of its own; the rest of the present one stays in use.
  bool alone = bytes > chunk_bytes / 4;
  size_t size = alone ? bytes : std::max(next_chunk_, bytes);
  // Aligned to 16, as operator new is.
  chunks_.push_back(std::unique_ptr<char[]>(new char[size]));
  char* out = chunks_.back().get();
  if (alone) return out;
  next_chunk_ = std::min(chunk_bytes, next_chunk_ * 2);
  at_ = out + bytes;
  end_ = out + size;
  return out;
}

std::string_view arena::keep(std::string_view text) {
  if (text.empty()) return {};
  auto* out = static_cast<char*>(try_allocate(text.size()));
  if (!out) return {};
  std::memcpy(out, text.data(), text.size());
  return {out, text.size()};
}

}  // namespace mdlc::expr::jsonata
