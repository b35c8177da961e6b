// The calendar. Times are milliseconds since 1970-01-01T00:00:00Z. Private to this library.
#pragma once

#include <array>
#include <string_view>

namespace mdlc::expr::jsonata {

inline constexpr std::array<std::string_view, 12> month_names{"January",   "February", "March",    "April",
                                                              "May",       "June",     "July",     "August",
                                                              "September", "October",  "November", "December"};
inline constexpr std::array<std::string_view, 7> day_names{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                           "Friday", "Saturday", "Sunday"};

struct civil {
  int64_t year;
  int month;  // 0 to 11
  int day;    // 1 to 31
};
civil civil_of(double millis);

// The time of a date and what is added to it; fields may exceed their usual range. Years 0 to 99 mean 1900 to 1999, as
// JavaScript has them.
double time_of(double year, double month, double day = 1, double hour = 0, double minute = 0, double second = 0,
               double milli = 0);

// A component of a picture string, by its letter: Y M D d F W w X x H h P m s f. P is 0 or 1, Monday is 1.
double component_of(double millis, char component);

}  // namespace mdlc::expr::jsonata
