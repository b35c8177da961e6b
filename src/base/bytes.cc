#include "base/bytes.h"

#include <array>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace mdlc::base {
namespace {

const EVP_MD* algorithm(digest d) {
  switch (d) {
    case digest::md5:
      return EVP_md5();
    case digest::sha1:
      return EVP_sha1();
    case digest::sha256:
      return EVP_sha256();
    case digest::sha384:
      return EVP_sha384();
    case digest::sha512:
      return EVP_sha512();
  }
  return nullptr;
}

std::string once(digest d, std::string_view bytes) {
  hasher h{d};
  h.update(bytes);
  return h.finish();
}

const unsigned char* data(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<signed char, 256> base64_values = [] {
  std::array<signed char, 256> values{};
  values.fill(-1);
  for (size_t i = 0; i < base64_alphabet.size(); ++i)
    values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<signed char>(i);
  return values;
}();

}  // namespace

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (unsigned char c : bytes) {
    text += digits[c >> 4];
    text += digits[c & 15];
  }
  return text;
}

result<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return fail("hexadecimal text of odd length");
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return fail("not hexadecimal");
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string to_base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), data(bytes), static_cast<int>(bytes.size()));
  return text;
}

result<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return fail("base64 text whose length is no multiple of four");
  size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (size_t i = 0; i < text.size(); i += 4) {
    uint32_t group = 0;
    for (size_t k = 0; k < 4; ++k) {
      bool pad = i + k >= text.size() - padding;
      int value = pad ? 0 : base64_values[static_cast<unsigned char>(text[i + k])];
      if (value < 0) return fail("not base64");
      group = group << 6 | static_cast<uint32_t>(value);
    }
    bytes += static_cast<char>(group >> 16);
    bytes += static_cast<char>(group >> 8);
    bytes += static_cast<char>(group);
  }
  bytes.erase(bytes.size() - padding);
  return bytes;
}

std::string sha256(std::string_view bytes) { return once(digest::sha256, bytes); }
std::string sha1(std::string_view bytes) { return once(digest::sha1, bytes); }
std::string md5(std::string_view bytes) { return once(digest::md5, bytes); }

std::string hmac_sha256(std::string_view key, std::string_view message) {
  std::string mac(32, '\0');
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data(message), message.size(),
       reinterpret_cast<unsigned char*>(mac.data()), &length);
  return mac;
}

struct hasher::state {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~state() { EVP_MD_CTX_free(context); }
};

hasher::hasher(digest d) : state_(std::make_unique<state>()) {
  EVP_DigestInit_ex(state_->context, algorithm(d), nullptr);
}
hasher::~hasher() = default;
hasher::hasher(hasher&&) noexcept = default;
hasher& hasher::operator=(hasher&&) noexcept = default;

void hasher::update(std::string_view bytes) { EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()); }

std::string hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned length = 0;
  EVP_DigestFinal_ex(state_->context, out.data(), &length);
  return {reinterpret_cast<const char*>(out.data()), length};
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace mdlc::base
