// Dates read by a picture, and ISO 8601.
#include <array>
#include <cmath>
#include <map>

#include "expr/jsonata/civil.h"
#include "expr/jsonata/number.h"
#include "expr/jsonata/picture.h"
#include "expr/jsonata/regex.h"
#include "expr/jsonata/utf.h"

namespace mdlc::expr::jsonata {
namespace {

std::string quoted(std::string_view literal) {
  std::string out;
  for (char c : literal) {
    if (std::string_view{".*+?^${}()|[]\\"}.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

tl::unexpected<fault> no_names(const date_picture::part& p) {
  std::string component;
  utf::append(component, p.component);
  return tl::unexpected(fault{.code = "D3133", .value = json_text(component)});
}

// The sign between hours and minutes, if the zone is written with one.
std::string zone_separator(const date_picture::part& p) {
  std::string out;
  if (p.integer->regular) utf::append(out, p.integer->separators[0].sign);
  return out;
}

base::result<std::string, fault> pattern_of(const date_picture::part& p) {
  if (!p.component) return quoted(p.literal);
  if (p.component == 'Z' || p.component == 'z') {
    std::string out = p.component == 'z' ? "GMT[-+][0-9]+" : "[-+][0-9]+";
    if (auto separator = zone_separator(p); !separator.empty()) out += quoted(separator) + "[0-9]+";
    return out;
  }
  if (p.component == 'f') return "[0-9]+";
  if (p.integer) return integer_pattern(*p.integer);
  if (p.component != 'M' && p.component != 'x' && p.component != 'F' && p.component != 'P') return no_names(p);
  return "[a-zA-Z]+";
}

int whole(std::string_view text) {
  size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
  double d = parse_double(text.substr(text.starts_with('+') ? 1 : 0, text.starts_with('+') ? end - 1 : end));
  return std::isfinite(d) && std::abs(d) < 1e6 ? static_cast<int>(d) : 0;
}

double zone_minutes(const date_picture::part& p, std::string_view text) {
  if (p.component == 'z') text.remove_prefix(3);
  int hours = 0, minutes = 0;
  auto separator = zone_separator(p);
  if (!separator.empty()) {
    size_t at = text.find(separator);
    hours = whole(text.substr(0, at));
    minutes = whole(text.substr(at + separator.size()));
  } else {
    hours = whole(text.substr(0, text.size() <= 3 ? text.size() : 3));
    if (text.size() > 3) minutes = whole(text.substr(3));
  }
  return hours * 60 + (text.starts_with('-') ? -minutes : minutes);
}

template <size_t N>
std::optional<double> place_of(const std::array<std::string_view, N>& names, const date_picture::part& p,
                               std::string_view text) {
  for (size_t i = 0; i < N; ++i)
    if ((p.max && *p.max ? names[i].substr(0, *p.max) : names[i]) == text) return static_cast<double>(i + 1);
  return std::nullopt;
}

base::result<std::optional<double>, fault> value_of(const date_picture::part& p, std::string_view text) {
  if (p.component == 'Z' || p.component == 'z') return zone_minutes(p, text);
  if (p.component == 'f') return parse_double("0." + std::string{text.substr(0, 3)}) * 1000;
  if (p.integer) return parse_integer(text, *p.integer);
  if (p.component == 'F') return place_of(day_names, p, text);
  if (p.component == 'P')
    return text == "am" || text == "AM"   ? std::optional{0.0}
           : text == "pm" || text == "PM" ? std::optional{1.0}
                                          : std::nullopt;
  return place_of(month_names, p, text);
}

// What was read, by component.
class reading {
 public:
  void set(char component, std::optional<double> v) { given_[component] = v; }
  bool empty() const { return given_.empty(); }
  // As JavaScript sees it: 0 and what is no number do not count.
  bool counts(char component) const {
    auto v = get(component);
    return v && *v != 0 && !std::isnan(*v);
  }
  std::optional<double> get(char component) const {
    auto there = given_.find(component);
    return there == given_.end() ? std::nullopt : there->second;
  }

  // Nothing but these components, and one of them at least. `all` are those that are looked at.
  bool is_of(std::string_view kind, std::string_view all) const {
    bool any = false;
    for (char c : all) {
      bool in_kind = kind.find(c) != std::string_view::npos;
      if (counts(c) && !in_kind) return false;
      any = any || (counts(c) && in_kind);
    }
    return any;
  }

  base::result<std::optional<double>, fault> time(double now) {
    bool by_month = is_of("YMD", "YXMxWwdD"), by_day = !by_month && is_of("Yd", "YXMxWwdD");
    bool by_week = is_of("XxwF", "YXMxWwdD") || is_of("XWF", "YXMxWwdD");
    bool by_half_day = !is_of("Hmsf", "PHhmsf") && is_of("Phmsf", "PHhmsf");
    std::string order = by_day ? "Yd" : by_week ? "XxwWF" : "YMD";
    order += by_half_day ? "Phmsf" : "Hmsf";
    // What is missing ahead of the first one given is now's, what is missing behind the last one is zero.
    bool started = false, ended = false;
    for (char c : order) {
      if (get(c)) {
        started = true;
        if (ended) return tl::unexpected(fault{.code = "D3136"});
      } else if (started) {
        given_[c] = c == 'M' || c == 'D' || c == 'd' ? 1 : 0;
        ended = true;
      } else {
        given_[c] = component_of(now, c);
      }
    }
    // Weeks are not read.
    if (by_week) return tl::unexpected(fault{.code = "D3136"});
    double month = by_day ? 0 : std::max(*get('M') - 1, 0.0);
    double day = by_day ? *get('d') : *get('D');
    double hour = by_half_day ? (*get('h') == 12 ? 0 : *get('h')) + (*get('P') == 1 ? 12 : 0) : *get('H');
    for (double part : {*get('Y'), month, day, hour, *get('m'), *get('s')})
      if (!(std::abs(part) <= max_millis)) return std::nullopt;
    if (std::abs(*get('Y')) > 400'000 || month > 5'000'000) return std::nullopt;
    double out = time_of(*get('Y'), month, day, hour, *get('m'), *get('s'), *get('f'));
    if (auto zone = get('Z').value_or(0); zone != 0)
      out -= zone * 60'000;
    else
      out -= get('z').value_or(0) * 60'000;
    return out;
  }

 private:
  std::map<char, std::optional<double>> given_;
};

}  // namespace

base::result<std::optional<double>, fault> parse_date(std::string_view text, const date_picture& picture, double now) {
  std::string pattern = "^";
  for (const auto& p : picture.parts) {
    MDLC_TRY(auto part, pattern_of(p));
    pattern += "(" + part + ")";
  }
  auto compiled = regex::compile(pattern + "$", {.ignore_case = true});
  if (!compiled) return tl::unexpected(fault{.code = "D3136"});
  regex::match m;
  size_t steps = 1'000'000;
  if ((*compiled)->find(text, 0, m, steps) != regex::answer::found) return std::nullopt;
  reading all;
  for (size_t i = 0; i < picture.parts.size(); ++i) {
    const auto& p = picture.parts[i];
    if (!p.component) continue;
    auto [begin, end] = m.groups[i + 1];
    MDLC_TRY(auto value, value_of(p, text.substr(begin, end - begin)));
    all.set(static_cast<char>(p.component), value);
  }
  if (all.empty()) return std::nullopt;
  return all.time(now);
}

std::optional<double> parse_iso_date(std::string_view text) {
  static const auto pattern = *regex::compile(
      "^(\\d{4})(?:-([01]\\d))?(?:-([0-3]\\d))?(?:T([0-2]\\d):([0-5]\\d):([0-5]\\d))?(\\.\\d+)?(?:([+-])([0-2]\\d):?(["
      "0-5]\\d)|Z)?$",
      {});
  regex::match m;
  size_t steps = 100'000;
  if (pattern->find(text, 0, m, steps) != regex::answer::found) return std::nullopt;
  auto field = [&](size_t i) {
    auto [begin, end] = m.groups[i];
    return begin == std::string_view::npos ? std::string_view{} : text.substr(begin, end - begin);
  };
  auto number_at = [&](size_t i, int otherwise) { return field(i).empty() ? otherwise : whole(field(i)); };
  int month = number_at(2, 1), day = number_at(3, 1), hour = number_at(4, 0);
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24) return std::nullopt;
  // Milliseconds, the rest is cut off.
  double milli = field(7).empty() ? 0 : std::floor(parse_double("0" + std::string{field(7).substr(0, 4)}) * 1000 + 0.5);
  int year = whole(field(1));
  double out = time_of(year < 100 ? year + 400 : year, month - 1, day, hour, number_at(5, 0), number_at(6, 0), milli);
  if (year < 100) out -= 146'097.0 * 86'400'000;
  double zone = number_at(9, 0) * 60 + number_at(10, 0);
  return out - (field(8) == "-" ? -zone : zone) * 60'000;
}

}  // namespace mdlc::expr::jsonata
