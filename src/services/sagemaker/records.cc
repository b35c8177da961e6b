#include "services/sagemaker/records.h"

#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace mdlc::services::sagemaker {
namespace {

constexpr size_t read_bytes = 256 * 1024;

tl::unexpected<base::error> too_large(int64_t max) {
  return base::fail(fmt::format("Too much data for max payload size of {} bytes", max));
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
  if (!how_.by_line) return whole();
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
