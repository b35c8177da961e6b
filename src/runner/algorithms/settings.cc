#include "runner/algorithms/settings.h"

#include <algorithm>
#include <charconv>

#include <fmt/ranges.h>

#include "runner/xgboost/text.h"

namespace mdlc::runner::algorithms {
namespace {

constexpr size_t shown_max = 100;
constexpr std::string_view cause = " (caused by ValidationError)";

std::optional<double> parse(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string quoted(const auto& words) { return fmt::format("'{}'", fmt::join(words, "', '")); }

std::string range_of(const parameter& p) {
  const bool is_integer = p.kind == form::integer;
  std::string out;
  if (!p.words.empty())
    out = fmt::format("a string which matches the pattern '^({})$'; or ", fmt::join(p.words, "|"));
  else if (is_integer)
    out = fmt::format("a string which matches the pattern '{}'; or ", p.min > 0 ? "^([1-9][0-9]*)$" : "^[0-9]+$");
  out += is_integer ? "an integer" : "a number";
  if (std::isfinite(p.min) && std::isfinite(p.max)) return out + fmt::format(" between {:g} and {:g}", p.min, p.max);
  if (std::isfinite(p.min)) return out + fmt::format(" greater than {:g}", p.min);
  return out;
}

bool holds(const parameter& p, std::string_view text) {
  if (std::find(p.words.begin(), p.words.end(), text) != p.words.end()) return true;
  const auto value = parse(text);
  if (!value || *value > p.max || (p.min_is_open ? *value <= p.min : *value < p.min)) return false;
  return p.kind != form::integer ||
         (text.find_first_not_of("+0123456789") == std::string_view::npos && *value <= INT32_MAX);
}

base::result<void> check_value(const parameter& p, std::string_view text) {
  if (p.kind == form::any) return {};
  if (p.kind == form::word) {
    if (std::find(p.words.begin(), p.words.end(), text) != p.words.end()) return {};
    return base::fail(
        fmt::format("The value '{}' is not valid for the '{}' hyperparameter which accepts one of the following: {}{}",
                    xgboost::shown(text, shown_max), p.name, quoted(p.words), cause));
  }
  if (holds(p, text)) return {};
  return base::fail(
      fmt::format("The value '{}' is not valid for the '{}' hyperparameter which expects one of the following: {}{}",
                  xgboost::shown(text, shown_max), p.name, range_of(p), cause));
}

}  // namespace

base::result<settings> settings::check(std::span<const parameter> parameters, const json::object& given) {
  std::vector<std::string> strange;
  for (const auto& [key, value] : given) {
    const std::string_view name = key;
    if (name.starts_with('_')) continue;
    const auto p =
        std::find_if(parameters.begin(), parameters.end(), [&](const auto& one) { return one.name == name; });
    if (p == parameters.end()) {
      strange.push_back(xgboost::shown(name, shown_max));
      continue;
    }
    if (!value.is_string())
      return base::fail(fmt::format("The value of the '{}' hyperparameter is not a string{}", name, cause));
    MDLC_CHECK(check_value(*p, json::view(value.get_string())));
  }
  if (!strange.empty())
    return base::fail(fmt::format("Additional hyperparameters are not allowed ({} {} unexpected){}", quoted(strange),
                                  strange.size() == 1 ? "was" : "were", cause));
  std::vector<std::string_view> missing;
  for (const auto& p : parameters)
    if (p.is_required && !given.contains(p.name)) missing.push_back(p.name);
  if (!missing.empty())
    return base::fail(fmt::format("No value(s) were specified for {} which are required hyperparameter(s){}",
                                  quoted(missing), cause));
  settings s;
  s.given_ = given;
  return s;
}

std::string settings::text(std::string_view name, std::string_view otherwise) const {
  return std::string{json::text(given_, name, otherwise)};
}

std::optional<double> settings::number(std::string_view name) const { return parse(text(name, "")); }

double settings::real(std::string_view name, double otherwise) const { return number(name).value_or(otherwise); }

size_t settings::count(std::string_view name, size_t otherwise) const {
  const auto value = number(name);
  return value ? static_cast<size_t>(*value) : otherwise;
}

bool settings::flag(std::string_view name, bool otherwise) const {
  const auto value = text(name, "");
  if (value == "true" || value == "True") return true;
  return value == "false" || value == "False" ? false : otherwise;
}

}  // namespace mdlc::runner::algorithms
