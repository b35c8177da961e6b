// JavaScript's view of text. Strings are UTF-8; a half of a surrogate pair that stands alone is three bytes, as UTF-8
// would have it if it allowed that. Offsets and lengths that JSONata shows are in code points or UTF-16 units.
// Private to this library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mdlc::expr::jsonata::utf {

// Bytes of the code point that begins with `lead`. Malformed bytes count as one each.
inline size_t width(unsigned char lead) { return lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4; }
inline bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The code point at `at`, which moves behind it.
char32_t next(std::string_view, size_t& at);
void append(std::string& out, char32_t);

size_t code_points(std::string_view);
// The byte at which code point n begins, or the size.
size_t byte_of_code_point(std::string_view, size_t n);
// UTF-16 units.
size_t units(std::string_view);
// The byte at which unit n begins, or the size; a unit inside a pair counts as the pair's begin.
size_t byte_of_unit(std::string_view, size_t n);

// Order by UTF-16 units, as JavaScript compares: negative, 0, positive.
int compare(std::string_view, std::string_view);

// Whether `left` ends in a high half and `right` begins with a low one. REQUIRES three bytes in each.
bool joins(std::string_view left, std::string_view right);
// The pair's four bytes. REQUIRES joins().
void join(std::string_view high, std::string_view low, char out[4]);

bool has_lone_surrogate(std::string_view);
// With U+FFFD for each.
std::string without_lone_surrogates(std::string_view);

}  // namespace mdlc::expr::jsonata::utf
