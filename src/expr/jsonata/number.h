// Numbers as JavaScript writes them. Private to this library.
#pragma once

#include <string>
#include <string_view>

#include "json/value.h"

namespace mdlc::expr::jsonata {

// The shortest digits that read back as the same double; 1e+21 and 1e-7 from there on.
std::string to_text(double);
// The same in another base, 2 to 36.
std::string to_text(double, int base);
// The double nearest to `d` written with 15 significant digits, which is what $string shows.
double to_15_digits(double d);
// `places` digits behind the point.
std::string to_fixed(double, int places);
// Whole text as a number; nothing is skipped. NaN where it is none.
double parse_double(std::string_view);
// What fmod, rounding to even and so on leave: the nearest integer, halves to even, `precision` places shifted.
double round_half_even(double, int precision);

// JSON as JavaScript's JSON.stringify writes it: 1 rather than 1.0.
std::string to_json_text(const json::value&);
void append_json_string(std::string& out, std::string_view);

}  // namespace mdlc::expr::jsonata
