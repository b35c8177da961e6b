#include "services/sagemaker/records.h"

#include <cerrno>
#include <cstring>

#include <unistd.h>

#include "runner/records/recordio.h"

namespace mdlc::services::sagemaker {
namespace {

namespace recordio = runner::records;

constexpr size_t read_bytes = 256 * 1024;

tl::unexpected<base::error> too_large(int64_t max) {
  return base::fail(fmt::format("Too much data for max payload size of {} bytes", max));
}

template <class T>
T little_endian(std::string_view at) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(static_cast<unsigned char>(at[i])) << (8 * i);
  return value;
}

struct frame {
  bool is_whole = false;
  size_t size = 0;      // of what of it is there, or of all of it where it is whole
  int64_t content = 0;  // its payload's bytes, as far as they are known
};

// RecordIO: a magic number, a word of a part's kind (3 bits) and length (29 bits), the part, padding to 4 bytes. A
// record is one part (kind 0), or a first one (1), more of them (2) and a last one (3): it was cut where it held the
// magic number itself, which belongs between them again.
struct recordio_part {
  uint32_t kind, length;
  size_t padded() const { return length + recordio::padding(length); }
};

base::result<recordio_part> read_part(std::string_view head) {
  if (little_endian<uint32_t>(head) != recordio::recordio_magic) return base::fail("The input is not RecordIO");
  const auto word = little_endian<uint32_t>(head.substr(4));
  return recordio_part{word >> 29, static_cast<uint32_t>(word & recordio::part_bytes_max)};
}

base::result<frame> find_recordio(std::string_view text) {
  frame f;
  while (text.size() >= f.size + recordio::head_bytes) {
    MDLC_TRY(const auto part, read_part(text.substr(f.size)));
    const bool is_first = part.kind == 0 || part.kind == 1;
    if (part.kind > 3 || is_first != (f.size == 0)) return base::fail("The input is not RecordIO");
    f.content += part.length;
    const auto end = f.size + recordio::head_bytes + part.padded();
    if (text.size() < end) return f;
    f.size = end;
    f.is_whole = part.kind == 0 || part.kind == 3;
    if (f.is_whole) return f;
  }
  return f;
}

// TFRecord: the length (8 bytes), its checksum (4), the record, its checksum (4). The checksums are the reader's.
constexpr size_t tfrecord_head_bytes = 12, tfrecord_tail_bytes = 4;

base::result<frame> find_tfrecord(std::string_view text) {
  frame f;
  if (text.size() < tfrecord_head_bytes) return f;
  const auto length = little_endian<uint64_t>(text);
  if (length > static_cast<uint64_t>(unbounded_payload_max)) return base::fail("The input is not TFRecord");
  f.content = static_cast<int64_t>(length);
  f.size = tfrecord_head_bytes + length + tfrecord_tail_bytes;
  f.is_whole = text.size() >= f.size;
  return f;
}

// What is in the frame. REQUIRES: a whole one.
void append_content(std::string& to, std::string_view frame, record_format format) {
  if (format == record_format::tfrecord) {
    to += frame.substr(tfrecord_head_bytes, frame.size() - tfrecord_head_bytes - tfrecord_tail_bytes);
    return;
  }
  while (!frame.empty()) {
    const auto part = read_part(frame);
    to += frame.substr(recordio::head_bytes, part->length);
    if (part->kind == 1 || part->kind == 2) to += frame.substr(0, sizeof recordio::recordio_magic);
    frame.remove_prefix(recordio::head_bytes + part->padded());
  }
}

}  // namespace

base::result<bool> record_reader::fill() {
  if (at_end_) return false;
  if (begun_ > 0) {
    pending_.erase(0, begun_);
    searched_ -= std::min(searched_, begun_);
    begun_ = 0;
  }
  const size_t before = pending_.size();
  pending_.resize(before + read_bytes);
  size_t got = 0;
  if (how_.is_gzipped) {
    if (!unzipped_) {
      MDLC_TRY(auto opened, runner::gunzip::open(content_.fd()));
      unzipped_.emplace(std::move(opened));
    }
    MDLC_TRY(got, unzipped_->read(pending_.data() + before, read_bytes));
  } else {
    const auto wanted = static_cast<size_t>(std::min<int64_t>(read_bytes, content_.count() - offset_));
    ssize_t n = 0;
    while (wanted > 0 &&
           (n = pread(content_.fd(), pending_.data() + before, wanted, content_.offset() + offset_)) < 0 &&
           errno == EINTR) {
    }
    if (n < 0) return base::fail(fmt::format("cannot read the object: {}", std::strerror(errno)));
    got = static_cast<size_t>(n);
    offset_ += n;
  }
  pending_.resize(before + got);
  at_end_ = got == 0;
  return !at_end_;
}

base::result<std::string_view> record_reader::some() {
  begun_ = pending_.size();
  MDLC_CHECK(fill());
  return unread();
}

base::result<std::optional<batch>> record_reader::whole() {
  while (true) {
    if (static_cast<int64_t>(pending_.size()) > how_.max_payload_bytes) return too_large(how_.max_payload_bytes);
    MDLC_TRY(const bool more, fill());
    if (!more) break;
  }
  if (pending_.empty()) return std::nullopt;
  batch b;
  b.records.emplace_back(0, pending_.size());
  b.body = std::move(pending_);
  pending_.clear();
  return b;
}

base::result<std::optional<batch>> record_reader::next() {
  if (how_.format == record_format::whole) return whole();
  return how_.format == record_format::line ? lines() : frames();
}

base::result<std::optional<batch>> record_reader::frames() {
  batch b;
  while (true) {
    const auto unread_bytes = unread();
    if (unread_bytes.empty() && at_end_) break;
    MDLC_TRY(const auto f,
             how_.format == record_format::recordio ? find_recordio(unread_bytes) : find_tfrecord(unread_bytes));
    if (f.content > how_.max_payload_bytes) {
      if (!b.records.empty()) return b;  // the error is the next request's
      return too_large(how_.max_payload_bytes);
    }
    if (!f.is_whole) {
      MDLC_TRY(const bool more, fill());
      if (more) continue;
      if (unread().empty()) break;
      return base::fail("The input ends within a record");
    }
    if (static_cast<int64_t>(b.body.size() + f.size) > how_.max_payload_bytes && !b.records.empty()) return b;
    const auto frame = unread_bytes.substr(0, f.size);
    const auto before = b.body.size();
    if (how_.one_at_a_time)
      append_content(b.body, frame, how_.format);
    else
      b.body += frame;
    b.records.emplace_back(before, b.body.size() - before);
    begun_ += f.size;
    if (how_.one_at_a_time) return b;
  }
  if (b.records.empty()) return std::nullopt;
  return b;
}

base::result<std::optional<batch>> record_reader::lines() {
  batch b;
  while (true) {
    const auto newline = pending_.find('\n', std::max(begun_, searched_));
    if (newline == std::string::npos && !at_end_) {
      searched_ = pending_.size();
      if (static_cast<int64_t>(pending_.size() - begun_) > how_.max_payload_bytes + 1) {
        if (!b.records.empty()) return b;
        return too_large(how_.max_payload_bytes);
      }
      MDLC_TRY([[maybe_unused]] const bool more, fill());
      continue;
    }
    const size_t end = std::min(newline, pending_.size());
    size_t length = end - begun_;
    if (newline == std::string::npos && length == 0) break;  // the input ended with its last line's end
    if (length > 0 && pending_[end - 1] == '\r') --length;
    const size_t separator = b.records.empty() ? 0 : 1;
    if (static_cast<int64_t>(b.body.size() + separator + length) > how_.max_payload_bytes) {
      if (b.records.empty()) return too_large(how_.max_payload_bytes);
      return b;
    }
    if (separator) b.body += '\n';
    b.records.emplace_back(b.body.size(), length);
    b.body.append(pending_, begun_, length);
    begun_ = std::min(end + 1, pending_.size());
    if (how_.one_at_a_time) return b;
  }
  if (b.records.empty()) return std::nullopt;
  return b;
}

}  // namespace mdlc::services::sagemaker
