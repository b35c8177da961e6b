#include "base/time.h"

#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace mdlc::base {
namespace {

constexpr std::array<std::string_view, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct parts {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::milliseconds> clock;
};

parts split(time_point t) {
  auto day = std::chrono::floor<std::chrono::days>(t);
  return {std::chrono::year_month_day{day}, std::chrono::hh_mm_ss{t - day}};
}

std::string date_and_clock(const parts& p) {
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int(p.date.year()), unsigned(p.date.month()),
                     unsigned(p.date.day()), p.clock.hours().count(), p.clock.minutes().count(),
                     p.clock.seconds().count());
}

// Reads exactly `width` digits at `at` and moves on; -1 if they are not there.
int digits(std::string_view text, size_t& at, size_t width) {
  if (at + width > text.size()) return -1;
  int value = 0;
  for (size_t end = at + width; at < end; ++at) {
    if (!std::isdigit(static_cast<unsigned char>(text[at]))) return -1;
    value = value * 10 + (text[at] - '0');
  }
  return value;
}

bool skip(std::string_view text, size_t& at, char wanted) {
  if (at >= text.size() || text[at] != wanted) return false;
  ++at;
  return true;
}

result<time_point> compose(int year, int month, int day, int hour, int minute, int second) {
  std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month(month), std::chrono::day(day)};
  if (year < 0 || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
    return fail("not a point in time");
  return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::seconds{second};
}

}  // namespace

std::string to_iso8601(time_point t) {
  auto p = split(t);
  return fmt::format("{}.{:03}Z", date_and_clock(p), p.clock.subseconds().count());
}

std::string to_iso8601_seconds(time_point t) { return date_and_clock(split(t)) + "Z"; }

std::string to_http_date(time_point t) {
  auto p = split(t);
  auto weekday = std::chrono::weekday{std::chrono::floor<std::chrono::days>(t)}.c_encoding();
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", weekdays[weekday], unsigned(p.date.day()),
                     months[unsigned(p.date.month()) - 1], int(p.date.year()), p.clock.hours().count(),
                     p.clock.minutes().count(), p.clock.seconds().count());
}

result<time_point> from_iso8601(std::string_view text) {
  size_t at = 0;
  auto wrong = [&] { return fail(fmt::format("'{}' is not an RFC 3339 time", text)); };
  int year = digits(text, at, 4);
  if (year < 0 || !skip(text, at, '-')) return wrong();
  int month = digits(text, at, 2);
  if (month < 0 || !skip(text, at, '-')) return wrong();
  int day = digits(text, at, 2);
  if (day < 0 || !(skip(text, at, 'T') || skip(text, at, 't'))) return wrong();
  int hour = digits(text, at, 2);
  if (hour < 0 || !skip(text, at, ':')) return wrong();
  int minute = digits(text, at, 2);
  if (minute < 0 || !skip(text, at, ':')) return wrong();
  int second = digits(text, at, 2);
  auto whole = compose(year, month, day, hour, minute, second);
  if (second < 0 || !whole) return wrong();
  int ms = 0;
  if (skip(text, at, '.')) {
    int scale = 100;
    size_t first = at;
    for (; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])); ++at, scale /= 10)
      ms += (text[at] - '0') * scale;
    if (at == first) return wrong();
  }
  std::chrono::minutes offset{0};
  if (!skip(text, at, 'Z') && !skip(text, at, 'z')) {
    bool east = skip(text, at, '+');
    if (!east && !skip(text, at, '-')) return wrong();
    int hours = digits(text, at, 2);
    if (hours < 0 || hours > 23 || !skip(text, at, ':')) return wrong();
    int minutes = digits(text, at, 2);
    if (minutes < 0 || minutes > 59) return wrong();
    offset = std::chrono::minutes{hours * 60 + minutes} * (east ? 1 : -1);
  }
  if (at != text.size()) return wrong();
  return *whole + std::chrono::milliseconds{ms} - offset;
}

result<time_point> from_http_date(std::string_view text) {
  // Mon, 01 Jul 2013 12:30:00 GMT
  auto wrong = [&] { return fail(fmt::format("'{}' is not an HTTP date", text)); };
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return wrong();
  size_t at = 5;
  int day = digits(text, at, 2);
  int month = 0;
  for (size_t i = 0; i < months.size(); ++i)
    if (text.substr(8, 3) == months[i]) month = int(i) + 1;
  at = 12;
  int year = digits(text, at, 4);
  at = 17;
  int hour = digits(text, at, 2);
  at = 20;
  int minute = digits(text, at, 2);
  at = 23;
  int second = digits(text, at, 2);
  auto whole = compose(year, month, day, hour, minute, second);
  if (!whole || month == 0) return wrong();
  return whole;
}

}  // namespace mdlc::base
