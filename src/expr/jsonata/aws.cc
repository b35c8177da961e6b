#include "expr/jsonata/aws.h"

#include <cmath>

#include "base/bytes.h"
#include "expr/jsonata/evaluator.h"

namespace mdlc::expr::jsonata {
namespace {

constexpr double max_range = 1e7;  // as JSONata's own [a..b]
// What a JSON text may become in memory, for each of its bytes.
constexpr size_t bytes_a_byte = 16;

val partition(call& c) {
  const val all = c[0];
  if (all.is_nothing() || c[1].is_nothing()) return {};
  double size = c[1].number();
  if (!(size >= 1) || std::floor(size) != size) return c.run.fail("D0911", c[1], 2);
  list out(c.run.memory());
  for (size_t from = 0; from < all.size;) {
    size_t n = size < static_cast<double>(all.size - from) ? static_cast<size_t>(size) : all.size - from;
    out.push(slice(all, from, n).marked(0));
    from += n;
    if (!c.run.spend(1)) return c.run.stopped();
  }
  return out.done(0);
}

val range(call& c) {
  for (const val& v : c.arguments) {
    if (v.is_nothing()) return {};
    if (!c.run.is_number(v)) return c.run.failing() ? failure() : c.run.fail("D1001", v);
  }
  double first = c[0].number(), last = c[1].number(), step = c[2].number();
  if (step == 0) return c.run.fail("D0912", c[2], 3);
  double count = std::floor((last - first) / step) + 1;
  if (!(count <= max_range)) return c.run.fail("D2014", number(count));
  list out(c.run.memory());
  if (!c.run.spend(count > 0 ? static_cast<size_t>(count) : 1)) return c.run.stopped();
  for (double i = 0; i < count; ++i) out.push(number(first + i * step));
  return out.done(sequence);
}

std::optional<base::digest> digest_of(std::string_view name) {
  if (name == "MD5") return base::digest::md5;
  if (name == "SHA-1") return base::digest::sha1;
  if (name == "SHA-256") return base::digest::sha256;
  if (name == "SHA-384") return base::digest::sha384;
  if (name == "SHA-512") return base::digest::sha512;
  return std::nullopt;
}

val hash(call& c) {
  if (c[0].is_nothing() || c[1].is_nothing()) return {};
  auto algorithm = digest_of(c[1].text());
  if (!algorithm) return c.run.fail("D0913", c[1], 2);
  LET(data, c.run.to_string(c[0], false));
  if (!c.run.spend_bytes(data.size)) return c.run.stopped();
  base::hasher h(*algorithm);
  h.update(data.text());
  return string(c.run.memory().keep(base::to_hex(h.finish())));
}

val random(call& c) {
  if (c[0].is_nothing()) return number(c.run.random());
  if (!c.run.is_number(c[0])) return c.run.failing() ? failure() : c.run.fail("D1001", c[0]);
  return number(random_of_seed(std::bit_cast<uint64_t>(c[0].number())));
}

val uuid(call& c) {
  uint64_t high = c.run.random_bits(), low = c.run.random_bits();
  high = (high & ~uint64_t{0xF000}) | 0x4000;
  low = (low & ~(uint64_t{3} << 62)) | uint64_t{2} << 62;
  auto text = fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF, high & 0xFFFF,
                          low >> 48, low & 0xFFFF'FFFF'FFFF);
  return string(c.run.memory().keep(text));
}

val parse(call& c) {
  if (c[0].is_nothing()) return {};
  auto text = c[0].text();
  if (!c.run.spend(text.size() / 4 + 1)) return c.run.stopped();
  c.run.memory().charge(text.size() * bytes_a_byte);
  if (c.run.memory().exhausted()) return c.run.stopped();
  auto read = json::parse(text);
  if (!read) return c.run.fail({.code = "D0914", .message = read.error().message});
  return c.run.keep(*std::move(read));
}

}  // namespace

const library& aws_library() {
  static const library* all = [] {
    auto* made = new library;
    made->hide("eval");
    for (auto d : {native_function("partition", "<an:a>", 2, partition), native_function("range", "<nnn:a>", 3, range),
                   native_function("hash", "<xs:s>", 2, hash), native_function("random", "<n?:n>", 1, random),
                   native_function("uuid", "<:s>", 0, uuid), native_function("parse", "<s-:x>", 1, parse)})
      made->add(std::make_shared<definition>(std::move(d)));
    return made;
  }();
  return *all;
}

}  // namespace mdlc::expr::jsonata
