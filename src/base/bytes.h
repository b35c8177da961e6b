// Encodings and digests of byte strings.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mdlc::base {

std::string to_hex(std::string_view bytes);
result<std::string> from_hex(std::string_view text);
std::string to_base64(std::string_view bytes);
// Strict: alphabet, padding and length must be right.
result<std::string> from_base64(std::string_view text);

// Digests are raw bytes; to_hex or to_base64 prints them.
std::string sha256(std::string_view);
std::string sha1(std::string_view);
std::string md5(std::string_view);
std::string hmac_sha256(std::string_view key, std::string_view message);

enum class digest { md5, sha1, sha256, sha384, sha512 };

// A digest over a stream. Not thread-safe.
class hasher {
 public:
  explicit hasher(digest);
  ~hasher();
  hasher(hasher&&) noexcept;
  hasher& operator=(hasher&&) noexcept;
  void update(std::string_view);
  std::string finish();  // raw bytes; the hasher is spent afterwards

 private:
  struct state;
  std::unique_ptr<state> state_;
};

// Compares in a time that depends on the lengths only, for secrets.
bool equal_in_constant_time(std::string_view, std::string_view);

}  // namespace mdlc::base
