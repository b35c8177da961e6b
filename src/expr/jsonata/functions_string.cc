// $string $length $substring… $lowercase $uppercase $trim $pad $join.
#include <cmath>

#include "expr/jsonata/case_map.h"
#include "expr/jsonata/evaluator.h"
#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

// Undefined in, undefined out; and the work of going through a text once.
#define TEXT_OR_NOTHING(name)       \
  if (c[0].is_nothing()) return {}; \
  const auto name = c[0].text();    \
  if (!c.run.spend_bytes(name.size())) return c.run.stopped()

val to_string(call& c) { return c.run.to_string(c[0], c[1].is(kind::boolean) && c[1].flag); }

val length(call& c) {
  TEXT_OR_NOTHING(s);
  return number(static_cast<double>(utf::code_points(s)));
}

val substring(call& c) {
  TEXT_OR_NOTHING(s);
  auto size = static_cast<double>(utf::code_points(s));
  double start = c[1].is_nothing() ? 0 : c[1].number(), end = size;
  if (size + start < 0) start = 0;
  if (!c[2].is_nothing()) {
    double wanted = c[2].number();
    if (!(wanted > 0)) return string("");
    end = start >= 0 ? start + wanted : size + start + wanted;
  }
  auto place = [&](double d) {
    d = std::isnan(d) ? 0 : std::trunc(d);
    return std::clamp(d < 0 ? d + size : d, 0.0, size);
  };
  auto from = static_cast<size_t>(place(start)), to = static_cast<size_t>(place(end));
  if (from >= to) return string("");
  size_t begin = utf::byte_of_code_point(s, from);
  auto rest = s.substr(begin);
  return string(rest.substr(0, utf::byte_of_code_point(rest, to - from)));
}

val substring_before(call& c) {
  TEXT_OR_NOTHING(s);
  if (c[1].is_nothing()) return c[0];
  size_t at = s.find(c[1].text());
  return at == std::string_view::npos ? c[0] : string(s.substr(0, at));
}

val substring_after(call& c) {
  TEXT_OR_NOTHING(s);
  if (c[1].is_nothing()) return c[0];
  size_t at = s.find(c[1].text());
  return at == std::string_view::npos ? c[0] : string(s.substr(at + c[1].size));
}

val lowercase(call& c) {
  TEXT_OR_NOTHING(s);
  return string(c.run.memory().keep(lower_case(s)));
}

val uppercase(call& c) {
  TEXT_OR_NOTHING(s);
  return string(c.run.memory().keep(upper_case(s)));
}

val trim(call& c) {
  TEXT_OR_NOTHING(s);
  text out(c.run.memory());
  bool blank = false;
  for (char ch : s) {
    if (ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r') {
      blank = true;
      continue;
    }
    if (blank && out.size()) out.append(' ');
    blank = false;
    out.append(ch);
  }
  return out.done();
}

val pad(call& c) {
  TEXT_OR_NOTHING(s);
  std::string_view sign = c[2].is_string() && c[2].size ? c[2].text() : " ";
  double width = c[1].is_nothing() ? 0 : std::trunc(c[1].number());
  double missing = std::abs(width) - static_cast<double>(utf::code_points(s));
  if (!(missing > 0)) return c[0];
  size_t bound = c.run.given().bounds.memory_bytes;
  if (missing > static_cast<double>(bound)) {
    c.run.memory().charge(bound);
    return c.run.stopped();
  }
  auto left = static_cast<size_t>(missing);
  if (!c.run.spend(left / 4 + 1)) return c.run.stopped();
  text padding(c.run.memory());
  size_t per_sign = utf::code_points(sign);
  for (; left >= per_sign; left -= per_sign) {
    padding.append(sign);
    if (c.run.memory().exhausted()) return c.run.stopped();
  }
  padding.append(sign.substr(0, utf::byte_of_code_point(sign, left)));
  text out(c.run.memory());
  if (width > 0) out.append(s);
  out.append(padding.view());
  if (width <= 0) out.append(s);
  return out.done();
}

val join(call& c) {
  const val all = c[0];
  if (all.is_nothing()) return {};
  text out(c.run.memory());
  for (size_t i = 0; i < all.size; ++i) {
    const val part = item(all, i);
    if (!c.run.spend_bytes(part.size)) return c.run.stopped();
    if (i && c[1].is_string()) out.append(c[1].text());
    out.append(part.text());
  }
  return out.done();
}

}  // namespace

std::span<const definition> string_functions() {
  static const std::vector<definition> all{
      native_function("string", "<x-b?:s>", 1, to_string),
      native_function("length", "<s-:n>", 1, length),
      native_function("substring", "<s-nn?:s>", 3, substring),
      native_function("substringBefore", "<s-s:s>", 2, substring_before),
      native_function("substringAfter", "<s-s:s>", 2, substring_after),
      native_function("lowercase", "<s-:s>", 1, lowercase),
      native_function("uppercase", "<s-:s>", 1, uppercase),
      native_function("trim", "<s-:s>", 1, trim),
      native_function("pad", "<s-ns?:s>", 3, pad),
      native_function("join", "<a<s>s?:s>", 2, join),
  };
  return all;
}

}  // namespace mdlc::expr::jsonata
