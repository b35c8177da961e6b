// $number $abs $floor $ceil $round $sqrt $power $random, and numbers as text.
#include <cmath>

#include "expr/jsonata/evaluator.h"
#include "expr/jsonata/format_number.h"
#include "expr/jsonata/number.h"
#include "expr/jsonata/picture.h"

namespace mdlc::expr::jsonata {
namespace {

bool all_of(std::string_view text, std::string_view of) {
  return !text.empty() && text.find_first_not_of(of) == std::string_view::npos;
}

constexpr std::string_view digits = "0123456789";

// As JSON has numbers, but for zeros ahead.
bool is_decimal(std::string_view s) {
  auto take = [&](std::string_view of) {
    size_t n = std::min(s.find_first_not_of(of), s.size());
    s.remove_prefix(n);
    return n;
  };
  if (s.starts_with('-')) s.remove_prefix(1);
  if (!take(digits)) return false;
  if (s.starts_with('.')) {
    s.remove_prefix(1);
    if (!take(digits)) return false;
  }
  if (s.starts_with('e') || s.starts_with('E')) {
    s.remove_prefix(1);
    if (s.starts_with('+') || s.starts_with('-')) s.remove_prefix(1);
    if (!take(digits)) return false;
  }
  return s.empty();
}

// 0x1F, 0o17, 0b11.
std::optional<double> with_prefix(std::string_view s) {
  if (s.size() < 3 || s[0] != '0') return std::nullopt;
  int base = s[1] == 'x' || s[1] == 'X' ? 16 : s[1] == 'o' || s[1] == 'O' ? 8 : s[1] == 'b' || s[1] == 'B' ? 2 : 0;
  if (!base || !all_of(s.substr(2), base == 16 ? "0123456789abcdefABCDEF" : base == 8 ? "01234567" : "01"))
    return std::nullopt;
  double out = 0;
  for (char c : s.substr(2)) out = out * base + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  return out;
}

val to_number(call& c) {
  const val v = c[0];
  if (v.is_nothing() || v.is_number()) return v;
  if (v.is(kind::boolean)) return number(v.flag ? 1 : 0);
  if (v.is_string()) {
    if (!c.run.spend_bytes(v.size)) return c.run.stopped();
    if (is_decimal(v.text())) {
      double d = parse_double(v.text());
      if (std::isfinite(d)) return number(d);
    } else if (auto d = with_prefix(v.text())) {
      return number(*d);
    }
  }
  return c.run.fail("D3030", v, 1);
}

template <double (*F)(double)>
val each_number(call& c) {
  return c[0].is_nothing() ? val{} : number(F(c[0].number()));
}

double floor_of(double d) { return std::floor(d); }
double ceil_of(double d) { return std::ceil(d); }
double abs_of(double d) { return std::abs(d); }

val round(call& c) {
  if (c[0].is_nothing()) return {};
  double places = c[1].is_nothing() ? 0 : std::trunc(c[1].number());
  return number(round_half_even(c[0].number(), static_cast<int>(std::clamp(places, -5000.0, 5000.0))));
}

val sqrt(call& c) {
  if (c[0].is_nothing()) return {};
  if (c[0].number() < 0) return c.run.fail("D3060", c[0], 1);
  return number(std::sqrt(c[0].number()));
}

val power(call& c) {
  if (c[0].is_nothing()) return {};
  double base = c[0].number(), exponent = c[1].is_nothing() ? std::nan("") : c[1].number();
  double out =
      std::isnan(exponent) || (std::abs(base) == 1 && std::isinf(exponent)) ? std::nan("") : std::pow(base, exponent);
  if (std::isfinite(out)) return number(out);
  return c.run.fail({.code = "D3061",
                     .value = c.run.shown(c[0]),
                     .index = 1,
                     .exponent = c[1].is_nothing() ? std::nullopt : std::optional{exponent}});
}

val random(call& c) { return number(c.run.random()); }

val format_base(call& c) {
  if (c[0].is_nothing()) return {};
  double base = c[1].is_nothing() ? 10 : round_half_even(c[1].number(), 0);
  if (!(base >= 2 && base <= 36)) return c.run.fail("D3100", number(base));
  return string(c.run.memory().keep(to_text(round_half_even(c[0].number(), 0), static_cast<int>(base))));
}

val format_number(call& c) {
  if (c[0].is_nothing()) return {};
  if (!c.run.spend(size_t{c[1].size} + 10)) return c.run.stopped();
  number_format f;
  if (c[2].is_object()) {
    bool right = for_each_member(
        c[2], [&](std::string_view name, const val& v) { return !v.is_string() || f.set(name, v.text()); });
    if (!right) return c.run.fail("D3093");
  }
  auto out = f.format(c[0].number(), c[1].is_string() ? c[1].text() : std::string_view{});
  if (!out) return c.run.fail(out.error());
  return string(c.run.memory().keep(*out));
}

val format_integer(call& c) {
  if (c[0].is_nothing()) return {};
  if (!c.run.is_number(c[0])) return c.run.failing() ? failure() : c.run.fail("D1001", c[0], 1);
  if (!c.run.spend(size_t{c[1].size} + 10)) return c.run.stopped();
  auto picture = integer_picture::parse(c[1].text());
  if (!picture) return c.run.fail(picture.error());
  double n = std::floor(c[0].number());
  if (picture->what == integer_picture::kind::roman) {
    // A letter for each thousand.
    if (std::abs(n) >= roman_limit) return c.run.fail("D1001", c[0], 1);
    if (!c.run.spend(static_cast<size_t>(std::abs(n) / 1000))) return c.run.stopped();
  }
  auto out = format_integer(n, *picture);
  if (!out) return c.run.fail(out.error());
  return string(c.run.memory().keep(*out));
}

val parse_integer(call& c) {
  if (c[0].is_nothing()) return {};
  if (!c.run.spend(size_t{c[0].size} * 4 + c[1].size + 10)) return c.run.stopped();
  auto picture = integer_picture::parse(c[1].is_string() ? c[1].text() : std::string_view{});
  if (!picture) return c.run.fail(picture.error());
  auto out = parse_integer(c[0].text(), *picture);
  return out ? number(*out) : c.run.fail(out.error());
}

}  // namespace

std::span<const definition> number_functions() {
  static const std::vector<definition> all{
      native_function("number", "<(nsb)-:n>", 1, to_number),
      native_function("floor", "<n-:n>", 1, each_number<floor_of>),
      native_function("ceil", "<n-:n>", 1, each_number<ceil_of>),
      native_function("abs", "<n-:n>", 1, each_number<abs_of>),
      native_function("round", "<n-n?:n>", 2, round),
      native_function("sqrt", "<n-:n>", 1, sqrt),
      native_function("power", "<n-n:n>", 2, power),
      native_function("random", "<:n>", 0, random),
      native_function("formatBase", "<n-n?:s>", 2, format_base),
      native_function("formatNumber", "<n-so?:s>", 3, format_number),
      native_function("formatInteger", "<n-s:s>", 2, format_integer),
      native_function("parseInteger", "<s-s:n>", 2, parse_integer),
  };
  return all;
}

}  // namespace mdlc::expr::jsonata
