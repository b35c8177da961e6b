#include "services/states/byte_source.h"

#include <cerrno>
#include <cstring>

#include <unistd.h>
#include <zlib.h>

#include "json/value.h"

namespace mdlc::services::states {
namespace {

constexpr size_t chunk_bytes = 64 * 1024;

class slice_source : public byte_source {
 public:
  explicit slice_source(blob::slice s) : slice_(std::move(s)) {}

 protected:
  base::result<size_t> read(char* into, size_t count) override {
    count = std::min<size_t>(count, static_cast<size_t>(slice_.count() - done_));
    while (count > 0) {
      auto got = ::pread(slice_.fd(), into, count, static_cast<off_t>(slice_.offset() + done_));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return base::fail(std::strerror(errno));
      done_ += got;
      return static_cast<size_t>(got);
    }
    return 0;
  }

 private:
  blob::slice slice_;
  int64_t done_ = 0;
};

// Several gzip members one after the other are one stream.
class unpacked_source : public slice_source {
 public:
  explicit unpacked_source(blob::slice s) : slice_source(std::move(s)) { inflateInit2(&z_, 16 + MAX_WBITS); }
  ~unpacked_source() override { inflateEnd(&z_); }

 protected:
  base::result<size_t> read(char* into, size_t count) override {
    z_.next_out = reinterpret_cast<Bytef*>(into);
    z_.avail_out = static_cast<uInt>(count);
    while (z_.avail_out == count) {
      if (z_.avail_in == 0) {
        MDLC_TRY(size_t got, slice_source::read(packed_, sizeof packed_));
        if (got == 0 && is_between_) return 0;
        if (got == 0) return base::fail("the gzip stream is cut off");
        z_.next_in = reinterpret_cast<Bytef*>(packed_);
        z_.avail_in = static_cast<uInt>(got);
      }
      is_between_ = false;
      int answer = inflate(&z_, Z_NO_FLUSH);
      if (answer == Z_STREAM_END) {
        is_between_ = true;
        inflateReset(&z_);
      } else if (answer != Z_OK && answer != Z_BUF_ERROR) {
        return base::fail("no gzip stream");
      }
    }
    return count - z_.avail_out;
  }

 private:
  z_stream z_{};
  char packed_[16 * 1024];
  bool is_between_ = true;
};

auto too_long() { return base::fail(fmt::format("An item exceeds the maximum of {} bytes.", item_bytes_max)); }
auto no_json() { return base::fail("The item source is not valid JSON."); }

}  // namespace

bool byte_source::fill() {
  if (!failure_.empty()) return false;
  buffer_.resize(chunk_bytes);
  auto got = read(buffer_.data(), buffer_.size());
  if (!got) failure_ = got.error().message;
  if (!got || *got == 0) return false;
  at_ = buffer_.data();
  end_ = at_ + *got;
  return true;
}

std::unique_ptr<byte_source> open_source(const blob::slice& s) { return std::make_unique<slice_source>(s); }

std::unique_ptr<byte_source> open_unpacked(const blob::slice& s) {
  unsigned char start[2]{};
  bool packed = s.count() >= 2 && ::pread(s.fd(), start, 2, static_cast<off_t>(s.offset())) == 2 && start[0] == 0x1f &&
                start[1] == 0x8b;
  if (packed) return std::make_unique<unpacked_source>(s);
  return open_source(s);
}

base::result<bool> read_line(byte_source& from, std::string& line) {
  line.clear();
  if (from.peek() < 0) {
    if (!from.failure().empty()) return base::fail(from.failure());
    return false;
  }
  for (int c; (c = from.next()) >= 0 && c != '\n';) {
    if (line.size() == item_bytes_max) return too_long();
    line += static_cast<char>(c);
  }
  if (!from.failure().empty()) return base::fail(from.failure());
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

base::result<bool> csv_reader::next(std::vector<std::string>& fields) {
  fields.clear();
  while (from_.peek() == '\n' || from_.peek() == '\r') from_.next();
  if (from_.peek() < 0) {
    if (!from_.failure().empty()) return base::fail(from_.failure());
    return false;
  }
  std::string field;
  size_t bytes = 0;
  bool quoted = false, was_quoted = false;
  for (;;) {
    int c = from_.next();
    if (!from_.failure().empty()) return base::fail(from_.failure());
    if (++bytes > item_bytes_max) return too_long();
    if (quoted) {
      if (c < 0) return base::fail("A quoted field of the CSV file is not closed.");
      if (c != '"') {
        field += static_cast<char>(c);
      } else if (from_.peek() == '"') {
        field += static_cast<char>(from_.next());
      } else {
        quoted = false;
      }
    } else if (c == '"' && field.empty() && !was_quoted) {
      quoted = was_quoted = true;
    } else if (c == delimiter_) {
      fields.push_back(std::exchange(field, {}));
      was_quoted = false;
    } else if (c < 0 || c == '\n' || (c == '\r' && (from_.peek() == '\n' || from_.peek() < 0))) {
      if (c == '\r') from_.next();
      fields.push_back(std::move(field));
      return true;
    } else {
      field += static_cast<char>(c);
    }
  }
}

// --- JSON

void json_elements::skip_space() {
  for (int c = from_.peek(); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = from_.peek()) from_.next();
}

base::result<void> json_elements::take_string(std::string* into) {
  auto take = [&] {
    int c = from_.next();
    if (into && c >= 0) *into += static_cast<char>(c);
    return c;
  };
  if (take() != '"') return no_json();
  for (int c; (c = take()) != '"';) {
    if (c < 0) return no_json();
    if (c == '\\' && take() < 0) return no_json();
    if (into && into->size() > item_bytes_max) return too_long();
  }
  return {};
}

// A value as it stands, which need not be sound within: whoever keeps it parses it.
base::result<void> json_elements::take_value(std::string* into) {
  size_t depth = 0;
  for (;;) {
    skip_space();
    int c = from_.peek();
    if (c < 0) return no_json();
    if (c == '"') {
      MDLC_CHECK(take_string(into));
    } else if (c == '{' || c == '[') {
      if (++depth > json::max_depth) return no_json();
      if (into) *into += static_cast<char>(c);
      from_.next();
      continue;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return no_json();
      --depth;
      if (into) *into += static_cast<char>(c);
      from_.next();
    } else if (c == ',' || c == ':') {
      if (depth == 0) return no_json();
      if (into) *into += static_cast<char>(c);
      from_.next();
      continue;
    } else {
      bool any = false;
      for (; c >= 0 && std::strchr(",:]}[{\" \t\r\n", c) == nullptr; c = from_.peek(), any = true) {
        if (into) *into += static_cast<char>(c);
        if (into && into->size() > item_bytes_max) return too_long();
        from_.next();
      }
      if (!any) return no_json();
    }
    if (into && into->size() > item_bytes_max) return too_long();
    if (depth == 0) return {};
  }
}

// To the value that one step of the pointer names.
base::result<void> json_elements::enter(const std::string& step) {
  auto nowhere = [] { return base::fail(std::string{not_an_array}); };
  skip_space();
  int open = from_.next();
  if (open != '{' && open != '[') return nowhere();
  for (size_t n = 0;; ++n) {
    skip_space();
    if (from_.peek() == '}' || from_.peek() == ']') return nowhere();
    std::string name = std::to_string(n);
    if (open == '{') {
      std::string quoted;
      MDLC_CHECK(take_string(&quoted));
      auto parsed = json::parse(quoted);
      if (!parsed) return no_json();
      name = json::view(parsed->get_string());
      skip_space();
      if (from_.next() != ':') return no_json();
    }
    if (name == step) return {};
    MDLC_CHECK(take_value(nullptr));
    skip_space();
    if (from_.peek() == ',') from_.next();
  }
}

base::result<void> json_elements::descend() {
  if (!pointer_.empty() && pointer_.front() != '/') return base::fail("ItemsPointer is not a valid JSON pointer.");
  for (size_t at = 0; at < pointer_.size();) {
    size_t end = std::min(pointer_.find('/', at + 1), pointer_.size());
    std::string step;
    for (size_t i = at + 1; i < end; ++i) {
      bool escaped = pointer_[i] == '~' && i + 1 < end;
      step += escaped ? (pointer_[i + 1] == '1' ? '/' : '~') : pointer_[i];
      i += escaped;
    }
    MDLC_CHECK(enter(step));
    at = end;
  }
  skip_space();
  if (from_.peek() == '[') return from_.next(), base::result<void>{};
  if (from_.peek() < 0) return no_json();
  return base::fail(std::string{not_an_array});
}

base::result<bool> json_elements::next(std::string& text) {
  text.clear();
  if (over_) return false;
  auto step = [&]() -> base::result<bool> {
    if (!begun_) MDLC_CHECK(descend());
    skip_space();
    if (from_.peek() == ']') return over_ = true, false;
    if (begun_) {
      if (from_.next() != ',') return no_json();
    }
    begun_ = true;
    MDLC_CHECK(take_value(&text));
    return true;
  };
  auto made = step();
  if (!from_.failure().empty()) return base::fail(from_.failure());
  return made;
}

}  // namespace mdlc::services::states
