// $base64encode $base64decode $encodeUrl… $decodeUrl…
#include "base/bytes.h"
#include "expr/jsonata/evaluator.h"
#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
constexpr std::string_view reserved = ";/?:@&=+$,#";

bool is_in(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

val keep(call& c, const std::string& s) { return string(c.run.memory().keep(s)); }

// JavaScript's strings of bytes: a unit a byte, what is above 255 loses its upper half.
val base64_encode(call& c) {
  if (c[0].is_nothing()) return {};
  auto s = c[0].text();
  if (!c.run.spend_bytes(s.size() * 4)) return c.run.stopped();
  std::string bytes;
  for (size_t i = 0; i < s.size();) {
    char32_t u = utf::next(s, i);
    if (u > 0xFFFF) bytes += static_cast<char>((0xD800 + ((u - 0x10000) >> 10)) & 0xFF);
    bytes += static_cast<char>(u & 0xFF);
  }
  return keep(c, base::to_base64(bytes));
}

// As lenient as Node's: either alphabet, what is neither is skipped, padding ends it.
val base64_decode(call& c) {
  if (c[0].is_nothing()) return {};
  if (!c.run.spend_bytes(c[0].size * size_t{4})) return c.run.stopped();
  std::string out;
  uint32_t bits = 0;
  int held = 0;
  for (char ch : c[0].text()) {
    if (ch == '=') break;
    size_t value = alphabet.find(ch == '-' ? '+' : ch == '_' ? '/' : ch);
    if (value == std::string_view::npos) continue;
    bits = bits << 6 | static_cast<uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    utf::append(out, (bits >> held) & 0xFF);
  }
  return keep(c, out);
}

val malformed(call& c, const char* function) {
  return c.run.fail({.code = "D3140", .value = c.run.shown(c[0]), .type = function});
}

val encode(call& c, bool component) {
  if (c[0].is_nothing()) return {};
  auto s = c[0].text();
  if (!c.run.spend_bytes(s.size() * 4)) return c.run.stopped();
  if (utf::has_lone_surrogate(s)) return malformed(c, component ? "encodeUrlComponent" : "encodeUrl");
  std::string out;
  for (char ch : s) {
    if (is_in(ch, unreserved) || (!component && is_in(ch, reserved)))
      out += ch;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(ch));
  }
  return keep(c, out);
}
val encode_component(call& c) { return encode(c, true); }
val encode_url(call& c) { return encode(c, false); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The byte of %XX at `at`, or -1.
int escaped_byte(std::string_view s, size_t at) {
  if (at + 2 >= s.size() || s[at] != '%') return -1;
  int high = hex_digit(s[at + 1]), low = hex_digit(s[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

val decode(call& c, bool component) {
  if (c[0].is_nothing()) return {};
  auto s = c[0].text();
  if (!c.run.spend_bytes(s.size() * 4)) return c.run.stopped();
  const char* function = component ? "decodeUrlComponent" : "decodeUrl";
  std::string out;
  for (size_t i = 0; i < s.size();) {
    if (s[i] != '%') {
      out += s[i++];
      continue;
    }
    int lead = escaped_byte(s, i);
    size_t length = lead < 0      ? 0
                    : lead < 0x80 ? 1
                    : lead < 0xC2 ? 0
                    : lead < 0xE0 ? 2
                    : lead < 0xF0 ? 3
                    : lead < 0xF5 ? 4
                                  : 0;
    if (length == 0) return malformed(c, function);
    std::string bytes(1, static_cast<char>(lead));
    for (size_t k = 1; k < length; ++k) {
      int next = escaped_byte(s, i + 3 * k);
      if (next < 0 || (next & 0xC0) != 0x80) return malformed(c, function);
      bytes += static_cast<char>(next);
    }
    size_t at = 0;
    char32_t code = utf::next(bytes, at);
    bool valid = length < 3 || (length == 3 ? code >= 0x800 && (code < 0xD800 || code > 0xDFFF)
                                            : code >= 0x10000 && code <= 0x10FFFF);
    if (!valid) return malformed(c, function);
    // What would mean something else in a URL stays as it is.
    if (!component && length == 1 && is_in(bytes[0], reserved))
      out += s.substr(i, 3);
    else
      out += bytes;
    i += 3 * length;
  }
  return keep(c, out);
}
val decode_component(call& c) { return decode(c, true); }
val decode_url(call& c) { return decode(c, false); }

}  // namespace

std::span<const definition> encoding_functions() {
  static const std::vector<definition> all{
      native_function("base64encode", "<s-:s>", 1, base64_encode),
      native_function("base64decode", "<s-:s>", 1, base64_decode),
      native_function("encodeUrlComponent", "<s-:s>", 1, encode_component),
      native_function("encodeUrl", "<s-:s>", 1, encode_url),
      native_function("decodeUrlComponent", "<s-:s>", 1, decode_component),
      native_function("decodeUrl", "<s-:s>", 1, decode_url),
  };
  return all;
}

}  // namespace mdlc::expr::jsonata
