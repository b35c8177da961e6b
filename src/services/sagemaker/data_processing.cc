#include "services/sagemaker/data_processing.h"

#include <charconv>

#include <fmt/ranges.h>

namespace mdlc::services::sagemaker {
namespace {

constexpr size_t name_length_max = 63;  // InputFilter's own bound is that of the whole expression

bool is_csv(std::string_view type) { return type.starts_with("text/csv"); }

std::string_view strip(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<int64_t> number(std::string_view text) {
  text = strip(text);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

tl::unexpected<base::error> not_understood(std::string_view path) {
  return base::fail(fmt::format("The filter {} is not understood", path));
}

tl::unexpected<base::error> selects_nothing() { return base::fail("The filter selects nothing of a record"); }

base::result<json::value> read_json(std::string_view text, std::string_view what) {
  auto parsed = json::parse(text);
  if (!parsed) return base::fail(fmt::format("Fail to parse {} as JSON: {}", what, parsed.error().message));
  return parsed;
}

// {"a": 1, "SageMakerOutput": …}; what is no object is put beside.
json::value join_json(json::value input, json::value output) {
  if (!input.is_object())
    return json::object{{"SageMakerInput", std::move(input)}, {"SageMakerOutput", std::move(output)}};
  input.as_object()["SageMakerOutput"] = std::move(output);
  return input;
}

}  // namespace

base::result<filter::step> filter::parse_brackets(std::string_view inside) {
  inside = strip(inside);
  if (inside.starts_with('\'') || inside.starts_with('"')) return parse_names(inside);
  return parse_elements(inside);
}

base::result<filter::names> filter::parse_names(std::string_view inside) {
  names found;
  while (true) {
    const char quote = inside.empty() ? '\0' : inside.front();
    const auto end = quote == '\'' || quote == '"' ? inside.find(quote, 1) : std::string_view::npos;
    if (end == std::string_view::npos || end > name_length_max + 1) return not_understood(inside);
    found.emplace_back(inside.substr(1, end - 1));
    inside = strip(inside.substr(end + 1));
    if (inside.empty()) return found;
    if (!inside.starts_with(',')) return not_understood(inside);
    inside = strip(inside.substr(1));
  }
}

base::result<filter::elements> filter::parse_elements(std::string_view inside) {
  elements found;
  while (true) {
    const auto comma = std::min(inside.find(','), inside.size());
    const auto one = inside.substr(0, comma);
    if (const auto colon = one.find(':'); colon != std::string_view::npos) {
      range r;
      const auto from = strip(one.substr(0, colon)), to = strip(one.substr(colon + 1));
      if (!from.empty() && !(r.begin = number(from))) return not_understood(inside);
      if (!to.empty() && !(r.end = number(to))) return not_understood(inside);
      found.emplace_back(r);
    } else if (const auto index = number(one)) {
      found.emplace_back(*index);
    } else {
      return not_understood(inside);
    }
    if (comma == inside.size()) return found;
    inside.remove_prefix(comma + 1);
  }
}

base::result<filter> filter::parse(std::string_view path) {
  const auto whole = path;
  filter f;
  path = strip(path);
  if (path.empty()) return f;
  if (!path.starts_with('$')) return not_understood(whole);
  path.remove_prefix(1);
  while (!path.empty()) {
    if (path.starts_with('[')) {
      const auto end = path.find(']');
      if (end == std::string_view::npos) return not_understood(whole);
      auto parsed = parse_brackets(path.substr(1, end - 1));
      if (!parsed) return not_understood(whole);
      f.steps_.push_back(*std::move(parsed));
      path.remove_prefix(end + 1);
    } else if (path.starts_with('.')) {
      const auto end = std::min(path.find_first_of(".[", 1), path.size());
      if (end == 1) return not_understood(whole);
      f.steps_.push_back(std::vector{std::string{path.substr(1, end - 1)}});
      path.remove_prefix(end);
    } else {
      return not_understood(whole);
    }
  }
  return f;
}

template <class T>
base::result<std::vector<T>> filter::select(const std::vector<T>& items, const elements& wanted) {
  const auto size = static_cast<int64_t>(items.size());
  const auto place = [&](int64_t i) { return i < 0 ? i + size : i; };
  std::vector<T> out;
  for (const auto& one : wanted) {
    if (const auto* index = std::get_if<int64_t>(&one)) {
      const auto at = place(*index);
      if (at < 0 || at >= size)
        return base::fail(fmt::format("The filter's index {} is not among a record's {} elements", *index, size));
      out.push_back(items[static_cast<size_t>(at)]);
    } else {
      const auto& r = std::get<range>(one);
      const auto begin = std::clamp<int64_t>(place(r.begin.value_or(0)), 0, size);
      const auto end = std::clamp<int64_t>(r.end ? place(*r.end) : size, 0, size);
      for (auto i = begin; i < end; ++i) out.push_back(items[static_cast<size_t>(i)]);
    }
  }
  if (out.empty()) return selects_nothing();
  return out;
}

std::vector<std::string_view> split_csv(std::string_view row) {
  std::vector<std::string_view> fields;
  bool quoted = false;
  size_t begun = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    if (row[i] == '"') quoted = !quoted;
    if (row[i] != ',' || quoted) continue;
    fields.push_back(row.substr(begun, i - begun));
    begun = i + 1;
  }
  fields.push_back(row.substr(begun));
  return fields;
}

base::result<std::string> filter::apply_to_csv(std::string_view row) const {
  if (steps_.empty()) return std::string{row};
  auto fields = split_csv(row);
  for (const auto& s : steps_) {
    const auto* wanted = std::get_if<elements>(&s);
    if (!wanted) return selects_nothing();
    MDLC_TRY(fields, select(fields, *wanted));
  }
  return fmt::format("{}", fmt::join(fields, ","));
}

base::result<json::value> filter::apply_to(const json::value& v) const {
  json::value at = v;
  for (const auto& s : steps_) {
    if (const auto* members = std::get_if<names>(&s)) {
      json::object found;
      for (const auto& name : *members)
        if (const auto* member = json::find(at, name)) found[name] = *member;
      if (found.empty()) return selects_nothing();
      at = members->size() == 1 ? json::value(found.begin()->value()) : json::value(std::move(found));
      continue;
    }
    if (!at.is_array()) return selects_nothing();
    const auto& wanted = std::get<elements>(s);
    const auto& items = at.get_array();
    MDLC_TRY(auto found, select(std::vector<json::value>(items.begin(), items.end()), wanted));
    const bool is_one = wanted.size() == 1 && std::holds_alternative<int64_t>(wanted[0]);
    at = is_one ? json::value(found[0]) : json::value(json::array(found.begin(), found.end()));
  }
  return at;
}

base::result<std::string> filter_input(const data_processing& p, std::string_view type, std::string_view record) {
  if (p.input.is_everything()) return std::string{record};
  if (is_csv(type)) return p.input.apply_to_csv(record);
  MDLC_TRY(auto value, read_json(record, "a record"));
  MDLC_TRY(auto selected, p.input.apply_to(value));
  return json::print(selected);
}

base::result<std::string> process_output(const data_processing& p, std::string_view type, std::string_view record,
                                         std::string_view answer) {
  if (is_csv(type))
    return p.output.apply_to_csv(p.joins_input ? fmt::format("{},{}", record, answer) : std::string{answer});
  MDLC_TRY(auto value, read_json(answer, "the model's answer"));
  if (p.joins_input) {
    MDLC_TRY(auto input, read_json(record, "a record"));
    value = join_json(std::move(input), std::move(value));
  }
  MDLC_TRY(auto selected, p.output.apply_to(value));
  return json::print(selected);
}

}  // namespace mdlc::services::sagemaker
