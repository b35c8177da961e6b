#include "expr/jsonata/utf.h"

#include <algorithm>

namespace mdlc::expr::jsonata::utf {
namespace {

unsigned char at(std::string_view s, size_t i) { return static_cast<unsigned char>(s[i]); }

}  // namespace

char32_t next(std::string_view s, size_t& i) {
  unsigned char lead = at(s, i);
  size_t n = std::min(width(lead), s.size() - i);
  char32_t c = lead;
  if (n == 2) c = lead & 0x1F;
  if (n == 3) c = lead & 0x0F;
  if (n == 4) c = lead & 0x07;
  for (size_t k = 1; k < n; ++k) c = (c << 6) | (at(s, i + k) & 0x3F);
  i += n;
  return c;
}

void append(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

size_t code_points(std::string_view s) {
  return s.size() - static_cast<size_t>(std::count_if(s.begin(), s.end(), continues));
}

size_t byte_of_code_point(std::string_view s, size_t n) {
  size_t i = 0;
  for (; n > 0 && i < s.size(); --n) i += width(at(s, i));
  return std::min(i, s.size());
}

size_t units(std::string_view s) {
  size_t out = 0;
  for (size_t i = 0; i < s.size(); ++i)
    if (!continues(s[i])) out += at(s, i) >= 0xF0 ? 2 : 1;
  return out;
}

size_t byte_of_unit(std::string_view s, size_t n) {
  size_t i = 0;
  while (n > 0 && i < s.size()) {
    size_t w = width(at(s, i));
    size_t u = w == 4 ? 2 : 1;
    if (u > n) break;
    n -= u;
    i += w;
  }
  return std::min(i, s.size());
}

int compare(std::string_view a, std::string_view b) {
  auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (x == a.end() || y == b.end()) return x == a.end() ? (y == b.end() ? 0 : -1) : 1;
  auto p = static_cast<unsigned char>(*x), q = static_cast<unsigned char>(*y);
  // Bytes order as code points do. Units differ in one thing: pairs (F0…) stand before what follows the surrogates (EE,
  // EF).
  bool pair_p = p >= 0xF0, pair_q = q >= 0xF0;
  if (pair_p != pair_q && (pair_p ? q : p) >= 0xEE) return pair_p ? -1 : 1;
  return p < q ? -1 : 1;
}

bool joins(std::string_view left, std::string_view right) {
  size_t n = left.size();
  return at(left, n - 3) == 0xED && (at(left, n - 2) & 0xF0) == 0xA0 && at(right, 0) == 0xED &&
         (at(right, 1) & 0xF0) == 0xB0;
}

void join(std::string_view high, std::string_view low, char out[4]) {
  size_t i = 0, k = 0;
  char32_t h = next(high, i), l = next(low, k);
  std::string pair;
  append(pair, 0x10000 + ((h - 0xD800) << 10) + (l - 0xDC00));
  std::copy_n(pair.data(), 4, out);
}

bool has_lone_surrogate(std::string_view s) {
  for (size_t i = 0; i + 1 < s.size(); ++i)
    if (at(s, i) == 0xED && at(s, i + 1) >= 0xA0) return true;
  return false;
}

std::string without_lone_surrogates(std::string_view s) {
  std::string out;
  for (size_t i = 0; i < s.size();) {
    char32_t c = next(s, i);
    append(out, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
  }
  return out;
}

}  // namespace mdlc::expr::jsonata::utf
