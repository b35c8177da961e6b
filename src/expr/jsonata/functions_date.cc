// $now $millis $fromMillis $toMillis.
#include <cmath>

#include "expr/jsonata/evaluator.h"
#include "expr/jsonata/picture.h"

namespace mdlc::expr::jsonata {
namespace {

// What a picture may hold; each of its markers costs more than its letters.
constexpr size_t max_picture_bytes = 4096;

double now_millis(call& c) { return static_cast<double>(base::to_ms(c.run.given().now)); }

// +hhmm; nothing where it is none.
std::optional<int> offset_minutes(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.size() > 4) return std::nullopt;
  int digits = 0;
  for (char ch : text) {
    if (ch < '0' || ch > '9') return std::nullopt;
    digits = digits * 10 + (ch - '0');
  }
  int minutes = digits / 100 * 60 + digits % 100;
  return negative ? -minutes : minutes;
}

val bad_picture(call& c) { return c.run.fail({.code = "D0907", .value = json::value(max_picture_bytes)}); }

val formatted(call& c, double millis, const val& picture, const val& zone) {
  if (!(std::abs(millis) <= max_millis)) return c.run.fail("D1001", number(millis), 1);
  int offset = 0;
  if (!zone.is_nothing()) {
    auto read = offset_minutes(zone.text());
    if (!read) return c.run.fail("D0906", zone, 3);
    offset = *read;
  }
  static const date_picture iso = *date_picture::parse("[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]");
  std::optional<date_picture> given;
  if (!picture.is_nothing()) {
    if (picture.size > max_picture_bytes) return bad_picture(c);
    if (!c.run.spend(picture.size)) return c.run.stopped();
    auto read = date_picture::parse(picture.text());
    if (!read) return c.run.fail(read.error());
    given = *std::move(read);
  }
  auto text = format_date(millis, given ? *given : iso, offset);
  if (!text) return c.run.fail(text.error());
  return string(c.run.memory().keep(*text));
}

val now(call& c) { return formatted(c, now_millis(c), c[0], c[1]); }

val millis(call& c) { return number(now_millis(c)); }

val from_millis(call& c) { return c[0].is_nothing() ? val{} : formatted(c, c[0].number(), c[1], c[2]); }

val to_millis(call& c) {
  if (c[0].is_nothing()) return {};
  auto text = c[0].text();
  if (!c.run.spend_bytes(text.size())) return c.run.stopped();
  if (c[1].is_nothing()) {
    auto read = parse_iso_date(text);
    return read ? number(*read) : c.run.fail("D3110", c[0], 1);
  }
  if (c[1].size > max_picture_bytes) return bad_picture(c);
  if (!c.run.spend(size_t{c[1].size} * 10)) return c.run.stopped();
  auto picture = date_picture::parse(c[1].text());
  if (!picture) return c.run.fail(picture.error());
  auto read = parse_date(text, *picture, now_millis(c));
  if (!read) return c.run.fail(read.error());
  return *read ? number(**read) : val{};
}

}  // namespace

std::span<const definition> date_functions() {
  static const std::vector<definition> all{
      native_function("now", "<s?s?:s>", 2, now),
      native_function("millis", "<:n>", 0, millis),
      native_function("fromMillis", "<n-s?s?:s>", 3, from_millis),
      native_function("toMillis", "<s-s?:n>", 2, to_millis),
  };
  return all;
}

}  // namespace mdlc::expr::jsonata
