#include "sys/env.h"

#include <sys/random.h>

#include "base/bytes.h"
#include "base/log.h"

namespace mdlc::sys {
namespace {

class machine : public env {
 public:
  base::time_point now() override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  void random_bytes(char* out, size_t count) override {
    while (count > 0) {
      ssize_t got = getrandom(out, count, 0);
      if (got < 0 && errno != EINTR) base::log::stop_process("the machine gives no random bytes");
      if (got > 0) {
        out += got;
        count -= static_cast<size_t>(got);
      }
    }
  }
};

}  // namespace

std::string env::uuid() {
  std::string bytes(16, '\0');
  random_bytes(bytes.data(), bytes.size());
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  auto hex = base::to_hex(bytes);
  for (size_t at : {8, 13, 18, 23}) hex.insert(at, "-");
  return hex;
}

std::string env::random_id(size_t count) {
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string text;
  while (text.size() < count) {
    char byte;
    random_bytes(&byte, 1);
    auto index = static_cast<unsigned char>(byte);
    if (index < 252) text += alphabet[index % alphabet.size()];  // 252 = 7 * 36: every letter is as likely
  }
  return text;
}

env& real_env() {
  static machine instance;
  return instance;
}

}  // namespace mdlc::sys
