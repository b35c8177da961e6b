#include "runner/feed.h"

#include <cerrno>
#include <cstring>
#include <random>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json/value.h"
#include "runner/archive.h"
#include "runner/records/recordio.h"

namespace mdlc::runner {
namespace {

constexpr size_t copy_bytes = 256 * 1024;
constexpr int pipe_bytes = 1 << 20;
constexpr mode_t program_reads = 0644;  // the program is another user where the server is root

void ring(const sys::descriptor& bell) {
  const uint64_t one = 1;
  if (write(bell.get(), &one, sizeof one) < 0) return;
}

// What one object gives, piece by piece.
class object_reader {
 public:
  static base::result<object_reader> open(const sys::path& file, bool is_gzipped) {
    object_reader r;
    r.file_ = sys::descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!r.file_) return base::fail(std::strerror(errno));
    if (is_gzipped) {
      MDLC_TRY(auto unzipped, gunzip::open(r.file_.get()));
      r.unzipped_.emplace(std::move(unzipped));
    }
    return r;
  }
  // 0 at the end.
  base::result<size_t> read(char* into, size_t count) {
    if (unzipped_) return unzipped_->read(into, count);
    ssize_t got;
    while ((got = ::read(file_.get(), into, count)) < 0 && errno == EINTR) {
    }
    if (got < 0) return base::fail(std::strerror(errno));
    return static_cast<size_t>(got);
  }

 private:
  sys::descriptor file_;
  std::optional<gunzip> unzipped_;
};

}  // namespace

std::vector<uint32_t> epoch_order(uint32_t count, int64_t seed, int64_t epoch) {
  std::vector<uint32_t> order(count);
  for (uint32_t i = 0; i < count; ++i) order[i] = i;
  std::mt19937_64 chance{static_cast<uint64_t>(seed) + static_cast<uint64_t>(epoch)};
  // By hand: std::shuffle's order is each library's own.
  for (uint32_t i = count; i > 1; --i) std::swap(order[i - 1], order[chance() % i]);
  return order;
}

class feeding::channel {
 public:
  channel(feeding& all, const feed& what) : all_(all), feed_(what), buffer_(copy_bytes, '\0') {}
  ~channel() {
    if (!thread_.joinable()) return;
    stopped_ = true;
    // The thread may wait for a reader: it gets one, and looks at the flag.
    const sys::descriptor reader{open(pipe_of(epoch_).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    thread_.join();
  }

  base::result<void> prepare() {
    MDLC_CHECK(make_pipe(0));
    records_ = sys::descriptor{open((feed_.folder / feed_records_file).c_str(), O_RDONLY | O_CLOEXEC)};
    if (!records_) return base::fail(fmt::format("a feed without records: {}", std::strerror(errno)));
    return find_lines();
  }

  void begin() {
    thread_ = std::thread{[this] {
      if (auto done = give_epochs(); !done) all_.fail(done.error().message);
    }};
  }

 private:
  enum class to { go_on, next_epoch, stop };

  sys::path pipe_of(int64_t epoch) const { return fmt::format("{}_{}", feed_.pipe.string(), epoch); }

  base::result<void> make_pipe(int64_t epoch) const {
    const auto path = pipe_of(epoch);
    if (mkfifo(path.c_str(), 0600) != 0 || chmod(path.c_str(), program_reads) != 0)
      return base::fail(fmt::format("cannot make the pipe {}: {}", path.filename().string(), std::strerror(errno)));
    return {};
  }

  base::result<void> find_lines() {
    int64_t at = 0, begun = 0;
    ssize_t got;
    while ((got = pread(records_.get(), buffer_.data(), buffer_.size(), at)) > 0) {
      for (ssize_t i = 0; i < got; ++i) {
        if (buffer_[static_cast<size_t>(i)] != '\n') continue;
        if (at + i - begun > feed_line_bytes_max) return base::fail("a feed's record that is too long");
        lines_.push_back(begun);
        begun = at + i + 1;
      }
      at += got;
    }
    lines_.push_back(begun);
    return {};
  }

  base::result<void> give_epochs() {
    for (; !stopped_; ++epoch_) {
      MDLC_CHECK(make_pipe(epoch_ + 1));
      // Checked after the epoch is told and before the wait: see the destructor.
      if (stopped_) return {};
      // Waits for a reader.
      sys::descriptor out{open(pipe_of(epoch_).c_str(), O_WRONLY | O_CLOEXEC)};
      if (!out) return base::fail(fmt::format("cannot open a pipe: {}", std::strerror(errno)));
      if (stopped_) return {};
      fcntl(out.get(), F_SETFL, O_NONBLOCK);
      fcntl(out.get(), F_SETPIPE_SZ, pipe_bytes);
      const auto next = give_records(out.get());
      if (!next) {
        // The pipe stays open until the program has been ended: it must not take what it has for all there is.
        all_.fail(next.error().message);
        pollfd waiting{all_.stop_.get(), POLLIN, 0};
        while (poll(&waiting, 1, -1) <= 0) {
        }
        return {};
      }
      if (*next == to::stop) return {};
      // Before the reader sees the end, so that none reads the same epoch twice.
      unlink(pipe_of(epoch_).c_str());
    }
    return {};
  }

  base::result<to> give_records(int out) {
    const auto count = static_cast<uint32_t>(lines_.size() - 1);
    std::vector<uint32_t> order;
    if (feed_.seed) order = epoch_order(count, *feed_.seed, epoch_);
    for (uint32_t i = 0; i < count; ++i) {
      MDLC_TRY(const auto record, read_record(feed_.seed ? order[i] : i));
      for (const auto& part : record) {
        auto next = part.is_string() ? give_text(out, json::view(part.get_string()))
                                     : give_object(out, part.to_number<int64_t>());
        if (!next || *next != to::go_on) return next;
      }
    }
    return to::go_on;
  }

  base::result<json::array> read_record(uint32_t number) const {
    std::string line(static_cast<size_t>(lines_[number + 1] - lines_[number]), '\0');
    for (size_t have = 0; have < line.size();) {
      const auto got =
          pread(records_.get(), line.data() + have, line.size() - have, lines_[number] + static_cast<int64_t>(have));
      if (got <= 0) return base::fail("a feed's record cannot be read");
      have += static_cast<size_t>(got);
    }
    MDLC_TRY(auto record, json::parse(line));
    if (!record.is_array()) return base::fail("a feed's record that is none");
    return std::move(record.get_array());
  }

  base::result<to> give_text(int out, std::string_view text) {
    if (!feed_.wraps_records) return put(out, text);
    if (const auto next = put_header(out, text.size()); next != to::go_on) return next;
    if (const auto next = put(out, text); next != to::go_on) return next;
    return put_padding(out, text.size());
  }

  base::result<to> give_object(int out, int64_t number) {
    const auto failed = [&](const base::error& why) {
      return base::fail(fmt::format("{}: {}", source_of(number), why.message));
    };
    uint64_t length = 0;
    if (feed_.wraps_records) {
      auto found = length_of(number);
      if (!found) return failed(found.error());
      length = *found;
      if (const auto next = put_header(out, length); next != to::go_on) return next;
    }
    auto object = object_reader::open(feed_.folder / std::to_string(number), feed_.is_gzipped);
    if (!object) return failed(object.error());
    while (true) {
      auto got = object->read(buffer_.data(), buffer_.size());
      if (!got) return failed(got.error());
      if (*got == 0) break;
      if (const auto next = put(out, std::string_view{buffer_}.substr(0, *got)); next != to::go_on) return next;
    }
    return feed_.wraps_records ? put_padding(out, length) : to::go_on;
  }

  // Its length comes before it: what is compressed is unpacked once for that.
  base::result<uint64_t> length_of(int64_t number) {
    if (static_cast<size_t>(number) >= lengths_.size()) lengths_.resize(static_cast<size_t>(number) + 1);
    auto& known = lengths_[static_cast<size_t>(number)];
    if (known) return *known;
    MDLC_TRY(auto object, object_reader::open(feed_.folder / std::to_string(number), feed_.is_gzipped));
    uint64_t length = 0;
    for (size_t got = 1; got > 0; length += got) {
      if (stopped_) break;
      MDLC_TRY(got, object.read(buffer_.data(), buffer_.size()));
      if (length + got > static_cast<uint64_t>(recordio_bytes_max))
        return base::fail("larger than a RecordIO record can be");
    }
    known = length;
    return length;
  }

  to put_header(int out, uint64_t length) {
    const uint32_t header[] = {records::recordio_magic, static_cast<uint32_t>(length)};
    return put(out, {reinterpret_cast<const char*>(header), sizeof header});
  }

  to put_padding(int out, uint64_t length) {
    constexpr char zeros[records::alignment] = {};
    return put(out, {zeros, records::padding(length)});
  }

  to put(int out, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto wrote = write(out, bytes.data(), bytes.size());
      if (wrote > 0) {
        bytes.remove_prefix(static_cast<size_t>(wrote));
        continue;
      }
      if (errno != EAGAIN && errno != EINTR) return to::next_epoch;  // EPIPE: the reader has closed it
      pollfd waiting[] = {{out, POLLOUT, 0}, {all_.stop_.get(), POLLIN, 0}};
      poll(waiting, 2, -1);
      if (waiting[1].revents) return to::stop;
    }
    return to::go_on;
  }

  std::string source_of(int64_t number) const {
    auto text = sys::read_file(feed_.folder / feed_sources_file).value_or("");
    size_t at = 0;
    for (int64_t i = 0; i < number && at < text.size(); ++i) at = std::min(text.find('\n', at), text.size() - 1) + 1;
    auto name = json::parse(std::string_view{text}.substr(at, text.find('\n', at) - at));
    return name && name->is_string() ? std::string{json::view(name->get_string())} : fmt::format("object {}", number);
  }

  feeding& all_;
  const feed& feed_;
  std::string buffer_;
  sys::descriptor records_;
  std::vector<int64_t> lines_;  // where each record begins, and the end
  std::vector<std::optional<uint64_t>> lengths_;
  std::atomic<int64_t> epoch_{0};
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

base::result<std::unique_ptr<feeding>> feeding::prepare(std::span<const feed> feeds) {
  std::unique_ptr<feeding> all{new feeding};
  all->failed_ = sys::descriptor{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  all->stop_ = sys::descriptor{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!all->failed_ || !all->stop_) return base::fail(fmt::format("eventfd: {}", std::strerror(errno)));
  for (const auto& f : feeds) {
    all->channels_.push_back(std::make_unique<channel>(*all, f));
    MDLC_CHECK(all->channels_.back()->prepare());
  }
  return all;
}

feeding::~feeding() {
  ring(stop_);
  channels_.clear();
}

void feeding::begin() {
  for (auto& c : channels_) c->begin();
}

std::string feeding::failure() const {
  std::lock_guard lock{mutex_};
  return failure_;
}

void feeding::fail(std::string why) {
  {
    std::lock_guard lock{mutex_};
    if (failure_.empty()) failure_ = std::move(why);
  }
  ring(failed_);
}

}  // namespace mdlc::runner
