#include "runner/records/recordio.h"

#include <bit>
#include <cstring>

#include <fmt/format.h>

namespace mdlc::runner::records {
namespace {

static_assert(std::endian::native == std::endian::little);

uint32_t word_at(std::string_view bytes, size_t at) {
  uint32_t word;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}

}  // namespace

recordio_reader recordio_reader::of_request(std::string_view body) {
  recordio_reader reader{body};
  reader.is_bare_ = !body.empty() && (body.size() < sizeof recordio_magic || word_at(body, 0) != recordio_magic);
  return reader;
}

base::result<recordio_reader::part> recordio_reader::take(std::string_view& content) {
  const auto wrong = [&](std::string_view why) {
    return base::fail(fmt::format("RecordIO: {} at byte {}", why, size_ - rest_.size()));
  };
  if (rest_.size() < head_bytes) return wrong("a record's head is cut off");
  if (word_at(rest_, 0) != recordio_magic) return wrong("no record begins");
  const auto word = word_at(rest_, 4);
  const size_t length = word & part_bytes_max;
  if (word >> 29 > 3) return wrong("a record has no known kind");
  if (length > rest_.size() - head_bytes) return wrong("a record is cut off");
  content = rest_.substr(head_bytes, length);
  rest_.remove_prefix(std::min(head_bytes + length + padding(length), rest_.size()));
  constexpr part kinds[] = {part::whole, part::first, part::middle, part::last};
  return kinds[word >> 29];
}

base::result<bool> recordio_reader::next(std::string_view& record) {
  if (rest_.empty()) return false;
  if (is_bare_) {
    record = std::exchange(rest_, {});
    return true;
  }
  MDLC_TRY(auto kind, take(record));
  if (kind == part::whole) return true;
  if (kind != part::first) return base::fail("RecordIO: a record's first part is missing");
  joined_ = record;
  // A record is cut where it holds the magic number itself, which is left out.
  while (kind != part::last) {
    MDLC_TRY(kind, take(record));
    if (kind == part::whole || kind == part::first) return base::fail("RecordIO: a record's last part is missing");
    joined_.append(reinterpret_cast<const char*>(&recordio_magic), sizeof recordio_magic);
    joined_ += record;
  }
  record = joined_;
  return true;
}

void append_recordio(std::string& to, std::string_view record) {
  const uint32_t head[] = {recordio_magic, static_cast<uint32_t>(record.size())};
  to.append(reinterpret_cast<const char*>(head), sizeof head);
  to += record;
  to.append(padding(record.size()), '\0');
}

}  // namespace mdlc::runner::records
