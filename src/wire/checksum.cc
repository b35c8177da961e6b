#include "wire/checksum.h"

#include <array>
#include <cstring>
#include <variant>

#include <zlib.h>

#include "base/bytes.h"
#include "http/message.h"

namespace mdlc::wire {
namespace {

constexpr std::pair<checksum_kind, std::string_view> names[] = {
    {checksum_kind::crc32, "CRC32"}, {checksum_kind::crc32c, "CRC32C"}, {checksum_kind::crc64nvme, "CRC64NVME"},
    {checksum_kind::sha1, "SHA1"},   {checksum_kind::sha256, "SHA256"},
};

// Reflected CRCs by eight tables, eight bytes a step.
template <class T>
struct crc_tables {
  std::array<std::array<T, 256>, 8> at{};

  constexpr explicit crc_tables(T reflected_polynomial) {
    for (size_t byte = 0; byte < 256; ++byte) {
      T value = static_cast<T>(byte);
      for (int bit = 0; bit < 8; ++bit) value = (value & 1) ? (value >> 1) ^ reflected_polynomial : value >> 1;
      at[0][byte] = value;
    }
    for (size_t table = 1; table < 8; ++table)
      for (size_t byte = 0; byte < 256; ++byte)
        at[table][byte] = (at[table - 1][byte] >> 8) ^ at[0][at[table - 1][byte] & 0xff];
  }
};

constexpr crc_tables<uint32_t> castagnoli{0x82F63B78u};
constexpr crc_tables<uint64_t> nvme{0x9A6C9329AC4BC9B5u};

template <class T>
T update_crc(const crc_tables<T>& tables, T crc, std::string_view bytes) {
  crc = ~crc;
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);  // little-endian machines only, as is all that we build for
    word ^= crc;
    T next = 0;
    for (size_t i = 0; i < 8; ++i) next ^= tables.at[7 - i][(word >> (8 * i)) & 0xff];
    crc = next;
  }
  for (; left > 0; --left, ++at) crc = (crc >> 8) ^ tables.at[0][(crc ^ static_cast<unsigned char>(*at)) & 0xff];
  return ~crc;
}

template <class T>
std::string big_endian(T value) {
  std::string out(sizeof(T), '\0');
  for (size_t i = 0; i < sizeof(T); ++i) out[i] = static_cast<char>(value >> (8 * (sizeof(T) - 1 - i)));
  return out;
}

}  // namespace

std::string_view name_of(checksum_kind kind) {
  for (const auto& [known, name] : names)
    if (known == kind) return name;
  return {};
}

std::optional<checksum_kind> checksum_named(std::string_view text) {
  for (const auto& [kind, name] : names)
    if (http::equal_names(name, text)) return kind;
  return std::nullopt;
}

std::string header_of(checksum_kind kind) {
  std::string out = "x-amz-checksum-";
  for (char c : name_of(kind)) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

struct checksum::state {
  checksum_kind kind;
  uint32_t crc32 = 0;
  uint64_t crc64 = 0;
  std::optional<base::hasher> hasher;
};

checksum::checksum(checksum_kind kind) : state_(std::make_unique<state>()) {
  state_->kind = kind;
  if (kind == checksum_kind::sha1) state_->hasher.emplace(base::digest::sha1);
  if (kind == checksum_kind::sha256) state_->hasher.emplace(base::digest::sha256);
}
checksum::~checksum() = default;
checksum::checksum(checksum&&) noexcept = default;
checksum& checksum::operator=(checksum&&) noexcept = default;

void checksum::update(std::string_view bytes) {
  auto& s = *state_;
  switch (s.kind) {
    case checksum_kind::crc32:
      s.crc32 = static_cast<uint32_t>(
          ::crc32_z(s.crc32, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<z_size_t>(bytes.size())));
      break;
    case checksum_kind::crc32c:
      s.crc32 = update_crc(castagnoli, s.crc32, bytes);
      break;
    case checksum_kind::crc64nvme:
      s.crc64 = update_crc(nvme, s.crc64, bytes);
      break;
    default:
      s.hasher->update(bytes);
  }
}

std::string checksum::finish() {
  if (state_->hasher) return state_->hasher->finish();
  return state_->kind == checksum_kind::crc64nvme ? big_endian(state_->crc64) : big_endian(state_->crc32);
}

}  // namespace mdlc::wire
