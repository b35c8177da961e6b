#include "asl/builder.h"

namespace mdlc::asl {

const json::value* builder::member(const json::value& v, std::string_view name) { return json::find(v, name); }

std::optional<std::string> builder::text(const json::value& v, std::string_view name, const std::string& at) {
  const auto* found = member(v, name);
  if (!found) return {};
  if (found->is_string()) return std::string{json::view(found->get_string())};
  problem("Expected value of type String", fmt::format("{}/{}", at, name));
  return {};
}

std::optional<bool> builder::flag(const json::value& v, std::string_view name, const std::string& at) {
  const auto* found = member(v, name);
  if (!found) return {};
  if (found->is_bool()) return found->get_bool();
  problem("Expected value of type Boolean", fmt::format("{}/{}", at, name));
  return {};
}

std::optional<int64_t> builder::whole(const json::value& v, std::string_view name, const std::string& at, int64_t least,
                                      int64_t most) {
  const auto* found = member(v, name);
  if (!found) return {};
  if (found->is_int64() && found->get_int64() >= least && found->get_int64() <= most) return found->get_int64();
  problem(found->is_int64() ? fmt::format("Value must be between {} and {}", least, most)
                            : "Expected value of type Integer",
          fmt::format("{}/{}", at, name));
  return {};
}

path_field builder::path(const json::value& v, std::string_view name, const std::string& at) {
  const auto* found = member(v, name);
  if (!found) return {};
  if (found->is_null()) return {{}, true};
  return {reference(v, name, at), false};
}

result_path builder::where(const json::value& v, std::string_view name, const std::string& at) {
  const auto* found = member(v, name);
  if (!found) return {};
  if (found->is_null()) return {{}, true};
  auto given = text(v, name, at);
  if (!given) return {};
  auto parsed = given->starts_with("$$") ? base::result<expr::jsonpath::path>(base::fail("the context object"))
                                         : expr::jsonpath::path::parse(*given);
  if (!parsed || !parsed->is_reference()) {
    problem("Value is not a Reference Path", fmt::format("{}/{}", at, name));
    return {};
  }
  return {std::make_shared<expr::jsonpath::path>(std::move(*parsed)), false};
}

std::shared_ptr<const path_expression> builder::reference(const json::value& v, std::string_view name,
                                                          const std::string& at) {
  auto given = text(v, name, at);
  if (!given) return {};
  auto parsed = path_expression::parse(*given);
  if (parsed) return std::move(*parsed);
  problem("Value is not a valid JSONPath", fmt::format("{}/{}", at, name));
  return {};
}

std::shared_ptr<const expression> builder::computed(const json::value& v, std::string_view name,
                                                    const std::string& at) {
  auto given = text(v, name, at);
  if (!given) return {};
  auto parsed = parse_expression(*given);
  if (parsed) return std::move(*parsed);
  problem(fmt::format("The value for the field '{}' must be a valid JSONPath or a valid intrinsic function call", name),
          fmt::format("{}/{}", at, name));
  return {};
}

payload_template builder::filled(const json::value& v, std::string_view name, const std::string& at) {
  const auto* found = member(v, name);
  if (!found) return {};
  auto made = payload_template::compile(*found);
  if (made) return std::move(*made);
  problem(fmt::format("The value for the field '{}' must be a valid JSONPath or a valid intrinsic function call",
                      made.error()),
          fmt::format("{}/{}", at, name));
  return {};
}

payload_template builder::query(const json::value& v, std::string_view name, const std::string& location,
                                const std::string& at) {
  const auto* found = member(v, name);
  if (!found) return {};
  auto made = payload_template::compile_jsonata(*found, location);
  if (made) return std::move(*made);
  problem(fmt::format("The JSONata expression is not valid: {}", made.error().message),
          fmt::format("{}/{}{}", at, name, made.error().location.substr(location.size())));
  return {};
}

payload_template builder::query(const json::value& v, std::string_view name, const std::string& at) {
  return query(v, name, std::string{name}, at);
}

// `name` with a literal or, in JSONata, an expression; or `name`Path with a path; not both.
number_field builder::number(const json::value& v, std::string_view name, const std::string& at, int64_t least,
                             query_language spoken) {
  std::string by_path = std::string{name} + "Path";
  if (member(v, name) && member(v, by_path))
    problem(fmt::format("Only one of '{}' and '{}' is allowed", name, by_path), at);
  number_field out;
  out.path = reference(v, by_path, at);
  const auto* found = member(v, name);
  if (found && found->is_string() && spoken == query_language::jsonata)
    out.computed = query(v, name, at);
  else
    out.literal = whole(v, name, at, least, 99'999'999);
  return out;
}

std::vector<std::string> builder::errors(const json::value& v, const std::string& at) {
  std::vector<std::string> out;
  const auto* found = member(v, "ErrorEquals");
  if (!found) return required(v, at, {"ErrorEquals"}), out;
  if (!found->is_array() || found->get_array().empty())
    return problem("Expected a non-empty Array", at + "/ErrorEquals"), out;
  for (const auto& e : found->get_array()) {
    if (!e.is_string()) return problem("Expected value of type String", at + "/ErrorEquals"), out;
    out.emplace_back(json::view(e.get_string()));
  }
  bool all = std::find(out.begin(), out.end(), "States.ALL") != out.end();
  if (all && out.size() > 1) problem("States.ALL can only appear alone", at + "/ErrorEquals");
  return out;
}

void builder::transition(machine& m, state_index i, const json::value& v, const std::string& at) {
  auto next = text(v, "Next", at);
  bool ends = flag(v, "End", at).value_or(false);
  if (next && ends) return problem("Only one of 'Next' and 'End' is allowed", at);
  if (!member(v, "Next") && !ends) return problem("One of these fields is required: [Next, End]", at);
  if (next) m.targets.push_back({*next, at + "/Next", i, [this, i](state_index to) { now(i).next = to; }});
}

void builder::retries(state_index i, const json::value& v, const std::string& at) {
  const auto* found = member(v, "Retry");
  if (!found) return;
  if (!found->is_array()) return problem("Expected value of type Array", at + "/Retry");
  std::vector<retrier> out;
  for (size_t n = 0; n < found->get_array().size(); ++n) {
    const auto& r = found->get_array()[n];
    std::string here = fmt::format("{}/Retry[{}]", at, n);
    if (!r.is_object()) return problem("Expected value of type Object", here);
    static const std::set<std::string_view> fields{"ErrorEquals", "IntervalSeconds", "MaxAttempts",   "BackoffRate",
                                                   "Comment",     "MaxDelaySeconds", "JitterStrategy"};
    for (const auto& [key, value] : r.get_object())
      if (!fields.contains({key.data(), key.size()}))
        problem(fmt::format("Field '{}' is not supported", std::string_view{key.data(), key.size()}), here);
    retrier one;
    one.errors = errors(r, here);
    if (std::find(one.errors.begin(), one.errors.end(), "States.ALL") != one.errors.end() &&
        n + 1 < found->get_array().size())
      problem("States.ALL can only appear in the last retrier", here + "/ErrorEquals");
    if (auto s = whole(r, "IntervalSeconds", here, 0, 99'999'999)) one.interval_s = static_cast<double>(*s);
    one.max_attempts = whole(r, "MaxAttempts", here, 0, 99'999'999).value_or(one.max_attempts);
    if (auto s = whole(r, "MaxDelaySeconds", here, 1, 31'622'400)) one.max_delay_s = static_cast<double>(*s);
    if (const auto* rate = member(r, "BackoffRate")) {
      if (!json::is_number(*rate) || json::to_double(*rate) < 1)
        problem("Value must be at least 1.0", here + "/BackoffRate");
      else
        one.backoff_rate = json::to_double(*rate);
    }
    if (auto jitter = text(r, "JitterStrategy", here)) {
      one.full_jitter = *jitter == "FULL";
      if (*jitter != "FULL" && *jitter != "NONE")
        problem("The field 'JitterStrategy' should have one of these values: [FULL, NONE]", here + "/JitterStrategy");
    }
    out.push_back(std::move(one));
  }
  now(i).retries = std::move(out);
}

void builder::catches(machine& m, state_index i, const json::value& v, query_language spoken, const std::string& at) {
  const auto* found = member(v, "Catch");
  if (!found) return;
  if (!found->is_array()) return problem("Expected value of type Array", at + "/Catch");
  std::vector<catcher> out(found->get_array().size());
  for (size_t n = 0; n < out.size(); ++n) {
    const auto& c = found->get_array()[n];
    std::string here = fmt::format("{}/Catch[{}]", at, n);
    if (!c.is_object()) return problem("Expected value of type Object", here);
    static const std::set<std::string_view> fields{"ErrorEquals", "Next", "ResultPath", "Assign", "Comment", "Output"};
    for (const auto& [key, value] : c.get_object())
      if (!fields.contains({key.data(), key.size()}))
        problem(fmt::format("Field '{}' is not supported", std::string_view{key.data(), key.size()}), here);
    out[n].errors = errors(c, here);
    if (std::find(out[n].errors.begin(), out[n].errors.end(), "States.ALL") != out[n].errors.end() &&
        n + 1 < out.size())
      problem("States.ALL can only appear in the last catcher", here + "/ErrorEquals");
    if (spoken == query_language::jsonata) {
      out[n].assign = query(c, "Assign", fmt::format("Catch[{}]/Assign", n), here);
      out[n].output = query(c, "Output", fmt::format("Catch[{}]/Output", n), here);
    } else {
      out[n].result = where(c, "ResultPath", here);
      out[n].assign = filled(c, "Assign", here);
    }
    required(c, here, {"Next"});
    if (auto next = text(c, "Next", here))
      m.targets.push_back({*next, here + "/Next", i, [this, i, n](state_index to) { now(i).catches[n].next = to; }});
  }
  now(i).catches = std::move(out);
}

}  // namespace mdlc::asl
