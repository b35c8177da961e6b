#include "expr/jsonata/civil.h"

#include <chrono>
#include <cmath>

namespace mdlc::expr::jsonata {
namespace {

constexpr double day_ms = 86'400'000;

double days_to(double year, double month) {
  // Months carry over into years.
  double y = year + std::floor(month / 12);
  double m = month - std::floor(month / 12) * 12;
  // Years repeat every 400, which keeps what std::chrono has to handle small.
  double eras = std::floor((y - 2000) / 400);
  int small = static_cast<int>(y - eras * 400);
  std::chrono::sys_days d{std::chrono::year{small} / static_cast<int>(m + 1) / 1};
  return d.time_since_epoch().count() + eras * 146'097;
}

// The Monday of a month's (or year's) first week: the one that has its first Thursday.
double first_week(double year, double month) {
  double first = days_to(year, month);
  double weekday = std::fmod(std::fmod(first + 3, 7) + 7, 7) + 1;
  return weekday > 4 ? first + 8 - weekday : first - (weekday - 1);
}

double week(double day, double start, double previous, double next, double most) {
  double out = (day - start) / 7 + 1;
  if (out > most && day >= next) out = 1;
  if (out < 1) out = (day - previous) / 7 + 1;
  return std::floor(out);
}

}  // namespace

civil civil_of(double millis) {
  std::chrono::sys_days d{std::chrono::days{static_cast<int>(std::floor(millis / day_ms))}};
  std::chrono::year_month_day ymd{d};
  civil out{static_cast<int>(ymd.year()), static_cast<int>(static_cast<unsigned>(ymd.month())) - 1,
            static_cast<int>(static_cast<unsigned>(ymd.day()))};
  return out;
}

double time_of(double year, double month, double day, double hour, double minute, double second, double milli) {
  if (year >= 0 && year <= 99) year += 1900;
  return (days_to(year, month) + day - 1) * day_ms + hour * 3'600'000 + minute * 60'000 + second * 1000 + milli;
}

double component_of(double millis, char component) {
  double day = std::floor(millis / day_ms);
  double in_day = millis - day * day_ms;
  // A remainder of 400 years is enough for everything but the year itself.
  double eras = std::floor(day / 146'097);
  civil c = civil_of((day - eras * 146'097) * day_ms);
  double year = static_cast<double>(c.year) + eras * 400;
  double hour = std::floor(in_day / 3'600'000);
  double next_month_year = c.month == 11 ? year + 1 : year, next_month = c.month == 11 ? 0 : c.month + 1;
  double last_month_year = c.month == 0 ? year - 1 : year, last_month = c.month == 0 ? 11 : c.month - 1;
  switch (component) {
    case 'Y':
      return year;
    case 'M':
      return c.month + 1;
    case 'D':
      return c.day;
    case 'd':
      return day - days_to(year, 0) + 1;
    case 'F':
      return std::fmod(std::fmod(day + 3, 7) + 7, 7) + 1;
    case 'W':
      return week(day, first_week(year, 0), first_week(year - 1, 0), first_week(year + 1, 0), 52);
    case 'w':
      return week(day, first_week(year, c.month), first_week(last_month_year, last_month),
                  first_week(next_month_year, next_month), 4);
    case 'X':
      return day < first_week(year, 0) ? year - 1 : day >= first_week(year + 1, 0) ? year + 1 : year;
    case 'x':
      return (day < first_week(year, c.month)                  ? last_month
              : day >= first_week(next_month_year, next_month) ? next_month
                                                               : c.month) +
             1;
    case 'H':
      return hour;
    case 'h':
      return std::fmod(hour, 12) == 0 ? 12 : std::fmod(hour, 12);
    case 'P':
      return hour >= 12 ? 1 : 0;
    case 'm':
      return std::fmod(std::floor(in_day / 60'000), 60);
    case 's':
      return std::fmod(std::floor(in_day / 1000), 60);
    default:
      return std::fmod(std::floor(in_day), 1000);
  }
}

}  // namespace mdlc::expr::jsonata
