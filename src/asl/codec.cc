// One journal row:
//
//   row     = format:byte texts:list(text) records:list(record)
//   text    = bytes                      every payload of the row, once
//   record  = kind:byte type:byte flags:varint …the fields whose flag is set, in the order of `field`
//   details = flags:varint …likewise
//
// Numbers are LEB128 varints, signed ones zigzag; strings are length and bytes. A new field takes a new flag at the
// end; a reader of today refuses flags that it does not know.
#include <bit>

#include "asl/record.h"

namespace mdlc::asl {
namespace {

constexpr uint64_t known_record_flags = (1ULL << 14) - 1;
constexpr uint64_t known_details_flags = (1ULL << 16) - 1;
constexpr uint64_t known_task_flags = (1ULL << 9) - 1;

class writer {
 public:
  std::string out;

  void byte(uint8_t b) { out += static_cast<char>(b); }
  void number(uint64_t n) {
    for (; n >= 0x80; n >>= 7) byte(static_cast<uint8_t>(n | 0x80));
    byte(static_cast<uint8_t>(n));
  }
  void whole(int64_t n) { number((static_cast<uint64_t>(n) << 1) ^ static_cast<uint64_t>(n >> 63)); }
  void text(std::string_view s) {
    number(s.size());
    out += s;
  }
  void time(base::time_point t) { whole(base::to_ms(t)); }
};

class reader {
 public:
  explicit reader(std::string_view in) : in_(in) {}

  bool good() const { return good_; }
  bool at_end() const { return in_.empty(); }
  size_t left() const { return in_.size(); }
  uint8_t byte() {
    if (in_.empty()) return good_ = false, 0;
    auto b = static_cast<uint8_t>(in_.front());
    in_.remove_prefix(1);
    return b;
  }
  uint64_t number() {
    uint64_t n = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      uint8_t b = byte();
      n |= static_cast<uint64_t>(b & 0x7f) << shift;
      if (!(b & 0x80)) return n;
    }
    return good_ = false, 0;
  }
  int64_t whole() {
    uint64_t n = number();
    return static_cast<int64_t>(n >> 1) ^ -static_cast<int64_t>(n & 1);
  }
  std::string text() {
    uint64_t size = number();
    if (size > in_.size()) return good_ = false, std::string{};
    std::string out{in_.substr(0, size)};
    in_.remove_prefix(size);
    return out;
  }
  base::time_point time() { return base::from_ms(whole()); }
  void fail() { good_ = false; }

 private:
  std::string_view in_;
  bool good_ = true;
};

// Payloads, each written once a row: by identity, and by text where the same text came about twice.
class payload_table {
 public:
  uint64_t index(const document& d) {
    auto [known, is_new] = by_identity_.try_emplace(d.identity(), 0);
    if (!is_new) return known->second;
    auto [equal, is_new_text] = by_text_.try_emplace(d.text(), texts.size());
    if (is_new_text) texts.push_back(&d.text());
    return known->second = equal->second;
  }
  std::vector<const std::string*> texts;

 private:
  std::unordered_map<const void*, uint64_t> by_identity_;
  std::unordered_map<std::string_view, uint64_t> by_text_;
};

// Both directions walk the fields in one order: `io` is told each field's flag, whether it is there, and the field.
template <class Io, class Failure>
void walk_failure(Io& io, Failure& f) {
  io.optional_text(f.error);
  io.optional_text(f.cause);
}

template <class Io, class Task>
void walk_task(Io& io, Task& t) {
  io.begin(known_task_flags);
  io.small(t.kind);
  io.small(t.pattern);
  io.text(t.resource);
  io.text(t.resource_type);
  io.text(t.action);
  io.payload(t.parameters);
  io.text(t.credentials_role);
  io.text(t.token);
  io.optional_whole(t.timeout_s);
  io.optional_whole(t.heartbeat_s);
  io.text(t.region);
  io.end();
}

template <class Io, class Info>
void walk_info(Io& io, Info& i) {
  io.begin(0);
  io.plain_text(i.uid);
  io.plain_text(i.id);
  io.plain_text(i.name);
  io.plain_text(i.role_arn);
  io.plain_text(i.region);
  io.plain_text(i.machine_id);
  io.plain_text(i.machine_name);
  io.plain_time(i.start);
  io.end();
}

template <class Io, class Details>
void walk_details(Io& io, Details& d) {
  io.begin(known_details_flags);
  walk_failure(io, d.why);
  io.shared(d.info, [&](auto& inner, auto& info) { walk_info(inner, info); });
  io.shared(d.command, [&](auto& inner, auto& t) { walk_task(inner, t); });
  io.text(d.worker);
  io.payload(d.assigned);
  io.text(d.location);
  io.text(d.state);
  io.whole(d.length, int64_t{-1});
  io.whole(d.max_concurrency, int64_t{0});
  io.payload(d.items);
  io.time(d.timeout_due);
  io.time(d.heartbeat_due);
  io.number(d.timeout_timer);
  io.number(d.heartbeat_timer);
  io.whole(d.retrier, int32_t{-1});
  io.end();
}

template <class Io, class Record>
void walk_record(Io& io, Record& r) {
  io.small(r.kind);
  io.small(r.type);
  io.begin(known_record_flags);
  io.whole(r.id, int64_t{0});
  io.whole(r.previous, int64_t{0});
  io.time(r.time);
  io.number(r.frame);
  io.whole(r.state, no_state);
  io.whole(r.next, no_state);
  io.whole(r.index, int64_t{-1});
  io.number(r.child);
  io.number(r.command.sequence);
  io.number(r.command.attempt);
  io.time(r.due);
  io.text(r.name);
  io.payload(r.payload);
  io.shared(r.more, [&](auto& inner, auto& d) { walk_details(inner, d); });
  io.end();
}

// Collects a structure's fields apart from its flags, which come first.
class encoder {
 public:
  explicit encoder(payload_table& payloads) : payloads_(payloads) {}
  std::string out() { return std::move(levels_.front().w.out); }

  void begin(uint64_t) { levels_.push_back({}); }
  void end() {
    auto done = std::move(levels_.back());
    levels_.pop_back();
    w().number(done.flags);
    w().out += done.w.out;
  }
  template <class E>
  void small(E e) {
    w().byte(static_cast<uint8_t>(e));
  }
  void text(const std::string& s) {
    if (flag(!s.empty())) w().text(s);
  }
  void plain_text(const std::string& s) { w().text(s); }
  void plain_time(base::time_point t) { w().time(t); }
  void optional_text(const std::optional<std::string>& s) {
    if (flag(s.has_value())) w().text(*s);
  }
  void optional_whole(const std::optional<int64_t>& n) {
    if (flag(n.has_value())) w().whole(*n);
  }
  void payload(const document& d) {
    if (flag(static_cast<bool>(d))) w().number(payloads_.index(d));
  }
  template <class N>
  void whole(N n, N usual) {
    if (flag(n != usual)) w().whole(static_cast<int64_t>(n));
  }
  template <class N>
  void number(N n) {
    if (flag(n != 0)) w().number(n);
  }
  void time(base::time_point t) {
    if (flag(t != base::time_point{})) w().time(t);
  }
  template <class T, class F>
  void shared(const std::shared_ptr<const T>& p, F&& inside) {
    if (flag(p != nullptr)) inside(*this, *p);
  }

 private:
  struct level {
    writer w{};
    uint64_t flags = 0;
    int next = 0;
  };
  writer& w() { return levels_.back().w; }
  bool flag(bool there) {
    auto& l = levels_.back();
    if (there) l.flags |= 1ULL << l.next;
    ++l.next;
    return there;
  }
  payload_table& payloads_;
  std::vector<level> levels_{1};
};

class decoder {
 public:
  decoder(reader& in, const std::vector<document>& payloads) : in_(in), payloads_(payloads) {}

  void begin(uint64_t known) {
    uint64_t flags = in_.number();
    if (flags & ~known) in_.fail();
    levels_.push_back({flags, 0});
  }
  void end() { levels_.pop_back(); }
  template <class E>
  void small(E& e) {
    e = static_cast<E>(in_.byte());
  }
  void text(std::string& s) {
    if (flag()) s = in_.text();
  }
  void plain_text(std::string& s) { s = in_.text(); }
  void plain_time(base::time_point& t) { t = in_.time(); }
  void optional_text(std::optional<std::string>& s) {
    if (flag()) s = in_.text();
  }
  void optional_whole(std::optional<int64_t>& n) {
    if (flag()) n = in_.whole();
  }
  void payload(document& d) {
    if (!flag()) return;
    uint64_t at = in_.number();
    if (at < payloads_.size())
      d = payloads_[at];
    else
      in_.fail();
  }
  template <class N>
  void whole(N& n, N) {
    if (flag()) n = static_cast<N>(in_.whole());
  }
  template <class N>
  void number(N& n) {
    if (flag()) n = static_cast<N>(in_.number());
  }
  void time(base::time_point& t) {
    if (flag()) t = in_.time();
  }
  template <class T, class F>
  void shared(std::shared_ptr<const T>& p, F&& inside) {
    if (!flag()) return;
    auto made = std::make_shared<T>();
    inside(*this, *made);
    p = std::move(made);
  }

 private:
  struct level {
    uint64_t flags;
    int next;
  };
  bool flag() {
    auto& l = levels_.back();
    return l.flags >> l.next++ & 1;
  }
  reader& in_;
  const std::vector<document>& payloads_;
  std::vector<level> levels_;
};

}  // namespace

std::string encode(std::span<const record> records) {
  payload_table payloads;
  encoder e{payloads};
  for (const auto& r : records) walk_record(e, r);
  std::string body = e.out();
  writer out;
  out.byte(record_format);
  out.number(payloads.texts.size());
  for (auto* t : payloads.texts) out.text(*t);
  out.number(records.size());
  out.out += body;
  return std::move(out.out);
}

base::result<std::vector<record>> decode(std::string_view row) {
  reader in{row};
  if (in.byte() != record_format || !in.good()) return base::fail("a journal row of an unknown format");
  auto broken = [] { return base::fail("a journal row of an execution is broken"); };
  std::vector<document> payloads;
  for (uint64_t n = in.number(); n > 0 && in.good(); --n) {
    payloads.push_back(document::from_text(in.text()));
  }
  uint64_t count = in.number();
  if (!in.good() || count > in.left()) return broken();
  std::vector<record> out(count);
  decoder d{in, payloads};
  for (auto& r : out) {
    walk_record(d, r);
    if (!in.good() || r.kind < record_kind::started || r.kind > record_kind::deadline ||
        r.type > event_type::wait_state_exited)
      return broken();
  }
  if (!in.at_end()) return broken();
  return out;
}

}  // namespace mdlc::asl
