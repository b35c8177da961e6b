#include "wire/validate.h"

#include <cmath>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/time.h"
#include "wire/pattern.h"

namespace mdlc::wire {

namespace {

// --- what AWS prints

// Java's property name: the first letter in lower case.
std::string property(std::string_view name) {
  std::string out(name);
  if (!out.empty() && out[0] >= 'A' && out[0] <= 'Z') out[0] += 'a' - 'A';
  return out;
}

// Whether a value of that shape may hold what must not be shown. A structure's sensitive members are left out.
bool is_sensitive(const shape& s) {
  if (s.sensitive) return true;
  return (s.type == kind::list || s.type == kind::map) && is_sensitive(*s.element->target);
}

// As Java's toString: [a, b], {k=v}, Name(member=value).
std::string print_value(const shape& s, const json::value& v) {
  std::string out;
  const auto separate = [&] {
    if (!out.empty()) out += ", ";
  };
  if (const auto* items = v.if_array(); items && s.type == kind::list) {
    for (const json::value& item : *items) {
      separate();
      out += print_value(*s.element->target, item);
    }
    return "[" + out + "]";
  }
  if (const auto* entries = v.if_object(); entries && s.type == kind::map) {
    for (const auto& [key, item] : *entries) {
      separate();
      out += std::string(key) + "=" + print_value(*s.element->target, item);
    }
    return "{" + out + "}";
  }
  if (v.is_object() && s.type == kind::structure) {
    for (const member& m : s.members) {
      const json::value* item = json::find(v, m.name);
      if (!item || is_sensitive(*m.target)) continue;
      separate();
      out += property(m.name) + "=" + print_value(*m.target, *item);
    }
    return std::string(s.name) + "(" + out + ")";
  }
  if (const auto* text = v.if_string()) return std::string(json::view(*text));
  return json::print(v);
}

std::string bound(double b) {
  if (std::floor(b) == b && std::abs(b) < 9.2e18) return std::to_string(static_cast<int64_t>(b));
  return fmt::format("{}", b);
}

// --- constraints

size_t count_characters(std::string_view utf8) {
  size_t n = 0;
  for (const char c : utf8) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return n;
}

size_t count_decoded(std::string_view base64) {
  const size_t padding = base64.size() - std::min(base64.size(), base64.find_last_not_of('=') + 1);
  return base64.size() / 4 * 3 - std::min(padding, base64.size());
}

// What the shape's bounds are about; nothing for a shape that has none.
std::optional<double> measure(const shape& s, const json::value& v) {
  switch (s.type) {
    case kind::string:
      return v.is_string() ? std::optional(double(count_characters(v.get_string()))) : std::nullopt;
    case kind::blob:
      return v.is_string() ? std::optional(double(count_decoded(v.get_string()))) : std::nullopt;
    case kind::list:
      return v.is_array() ? std::optional(double(v.get_array().size())) : std::nullopt;
    case kind::map:
      return v.is_object() ? std::optional(double(v.get_object().size())) : std::nullopt;
    case kind::integer:
    case kind::long_integer:
    case kind::float_:
    case kind::double_:
      return json::is_number(v) ? std::optional(json::to_double(v)) : std::nullopt;
    default:
      return std::nullopt;
  }
}

bool is_numeric(kind k) {
  return k == kind::integer || k == kind::long_integer || k == kind::float_ || k == kind::double_;
}

// One of a shape's own constraints: whether a value meets it, and how AWS says it.
enum class rule { max, min, values, pattern };
constexpr rule rules[] = {rule::max, rule::min, rule::values, rule::pattern};

bool states(const shape& s, rule r) {
  switch (r) {
    case rule::max:
      return s.has_max;
    case rule::min:
      return s.has_min;
    case rule::values:
      return !s.values.empty();
    case rule::pattern:
      return !s.pattern.empty() && s.type == kind::string;
  }
  return false;
}

bool meets(const shape& s, rule r, const json::value& v) {
  if (r == rule::max || r == rule::min) {
    const auto n = measure(s, v);
    return !n || (r == rule::max ? *n <= s.max : *n >= s.min);
  }
  const json::string* text = v.if_string();
  if (!text) return true;
  if (r == rule::values) return std::ranges::find(s.values, json::view(*text)) != s.values.end();
  return pattern::of(s.pattern).matches(json::view(*text));
}

std::string words(const shape& s, rule r) {
  const std::string_view what = is_numeric(s.type) ? "value" : "length";
  switch (r) {
    case rule::max:
      return fmt::format("Member must have {} less than or equal to {}", what, bound(s.max));
    case rule::min:
      return fmt::format("Member must have {} greater than or equal to {}", what, bound(s.min));
    case rule::values:
      return fmt::format("Member must satisfy enum value set: [{}]", fmt::join(s.values, ", "));
    case rule::pattern:
      return fmt::format("Member must satisfy regular expression pattern: {}", s.pattern);
  }
  return {};
}

bool meets_all(const shape& s, const json::value& v) {
  return std::ranges::all_of(rules, [&](rule r) { return !states(s, r) || meets(s, r, v); });
}

// All that is asked of the items of a list or a map, of which one fails.
std::string words_of_items(const shape& s) {
  std::string out;
  for (const rule r : rules)
    if (states(s, r)) out += words(s, r) + ", ";
  return "[" + out + "Member must not be null]";
}

// Where a value stands. A path is written only where something is wrong.
struct place {
  const place* parent = nullptr;
  std::string_view member{};  // or a map's key
  size_t index = 0;           // in a list, from 1
  bool is_item = false;

  std::string str() const {
    std::string out = parent ? parent->str() : "";
    if (is_item) return out + fmt::format(".{}.member", index > 0 ? std::to_string(index) : std::string(member));
    if (!member.empty()) out += (out.empty() ? "" : ".") + property(member);
    return out;
  }
};

class validator {
 public:
  std::vector<std::string> found;

  void structure(const shape& s, const json::value& v, const place& at) {
    for (const member& m : s.members) {
      if (m.target->streaming) continue;
      const place here{&at, m.name};
      const json::value* item = json::find(v, m.name);
      if (item && !item->is_null())
        value(*m.target, *item, here);
      else if (m.required)
        add("null ", here, "Member must not be null");
    }
  }

 private:
  void value(const shape& s, const json::value& v, const place& at) {
    for (const rule r : rules)
      if (states(s, r) && !meets(s, r, v)) add(s, v, at, words(s, r));
    inside(s, v, at);
  }

  // The items and members of a value whose own constraints are checked.
  void inside(const shape& s, const json::value& v, const place& at) {
    if (found.size() >= max_violations) return;
    if (s.type == kind::structure)
      structure(s, v, at);
    else if (s.type == kind::list && v.is_array())
      list(s, v, at);
    else if (s.type == kind::map && v.is_object())
      map(s, v, at);
  }

  void list(const shape& s, const json::value& v, const place& at) {
    const shape& item = *s.element->target;
    const json::array& items = v.get_array();
    if (std::ranges::any_of(items, [&](const json::value& x) { return !meets_all(item, x); }))
      add(s, v, at, "Member must satisfy constraint: " + words_of_items(item));
    for (size_t i = 0; i < items.size(); ++i) inside(item, items[i], {&at, {}, i + 1, true});
  }

  void map(const shape& s, const json::value& v, const place& at) {
    const shape& key = *s.key->target;
    const shape& item = *s.element->target;
    const json::object& entries = v.get_object();
    if (std::ranges::any_of(entries, [&](const auto& e) { return !meets_all(key, json::value(e.key())); }))
      add(s, v, at, "Map keys must satisfy constraint: " + words_of_items(key));
    if (std::ranges::any_of(entries, [&](const auto& e) { return !meets_all(item, e.value()); }))
      add(s, v, at, "Map value must satisfy constraint: " + words_of_items(item));
    for (const auto& [name, x] : entries) inside(item, x, {&at, name, 0, true});
  }

  void add(const shape& s, const json::value& v, const place& at, const std::string& constraint) {
    add(is_sensitive(s) ? "" : "'" + print_value(s, v) + "' ", at, constraint);
  }

  void add(const std::string& shown, const place& at, const std::string& constraint) {
    if (found.size() < max_violations)
      found.push_back(fmt::format("Value {}at '{}' failed to satisfy constraint: {}", shown, at.str(), constraint));
  }
};

// --- types

// Java's name of a scalar's type, as AWS's messages have it.
std::string_view java_name(const shape& s) {
  switch (s.type) {
    case kind::string:
      return "String";
    case kind::boolean:
      return "Boolean";
    case kind::integer:
      return "Integer";
    case kind::long_integer:
      return "Long";
    case kind::float_:
      return "Float";
    case kind::double_:
      return "Double";
    case kind::timestamp:
      return "Date";
    default:
      return s.name;
  }
}

std::string java_class(const shape& s) {
  if (s.type == kind::blob) return "class java.nio.ByteBuffer";
  if (s.type == kind::timestamp) return "class java.util.Date";
  if (s.type == kind::map) return fmt::format("java.util.Map<java.lang.String, {}>", s.element->target->name);
  if (s.type == kind::structure) return fmt::format("class {}", s.name);
  return fmt::format("class java.lang.{}", java_name(s));
}

std::string_view token_name(const json::value& v) {
  if (v.is_string()) return "STRING_VALUE";
  if (v.is_bool()) return v.get_bool() ? "TRUE_VALUE" : "FALSE_VALUE";
  return v.is_double() ? "DECIMAL_VALUE" : "NUMBER_VALUE";
}

bool is_scalar_of(const shape& s, const json::value& v) {
  switch (s.type) {
    case kind::string:
    case kind::blob:
      return v.is_string();
    case kind::boolean:
      return v.is_bool();
    case kind::timestamp: {
      const json::string* text = v.if_string();
      return json::is_number(v) || (text && base::from_iso8601(json::view(*text)).has_value());
    }
    default:
      return json::is_number(v);
  }
}

std::string wrong_scalar(const shape& s, const json::value& v) {
  if (s.type == kind::blob) return "only base-64-encoded strings are convertible to bytes";
  if (s.type == kind::boolean && v.is_string()) return "Unexpected token received from parser";
  return fmt::format("{} cannot be converted to {}", token_name(v), java_name(s));
}

std::string wrong_base64(std::string_view text) {
  if (text.size() % 4 != 0)
    return fmt::format("Base64 encoded length is expected a multiple of 4 bytes but found: {}", text.size());
  return "Invalid last non-pad Base64 character dectected";
}

std::optional<std::string> types(const shape& s, const json::value& v, bool is_item);

std::optional<std::string> types_of_structure(const shape& s, const json::value& v, bool is_item) {
  if (v.is_array()) return "Unrecognized collection type " + java_class(s);
  if (!v.is_object()) return is_item ? "Unexpected value type in payload" : "Unexpected field type";
  for (const member& m : s.members) {
    const json::value* item = json::find(v, m.name);
    if (!item || item->is_null()) continue;
    if (auto wrong = types(*m.target, *item, false)) return wrong;
  }
  return std::nullopt;
}

std::optional<std::string> types_of_items(const shape& s, const json::value& v) {
  const bool is_list = s.type == kind::list;
  if (is_list && v.is_object()) return "Start of structure or map found where not expected";
  if (!is_list && v.is_array()) return "Unrecognized collection type " + java_class(s);
  if (is_list ? !v.is_array() : !v.is_object()) return "Unexpected field type";
  const shape& item = *s.element->target;
  if (is_list) {
    for (const json::value& x : v.get_array())
      if (auto wrong = types(item, x, true)) return wrong;
  } else {
    for (const auto& entry : v.get_object())
      if (auto wrong = types(item, entry.value(), true)) return wrong;
  }
  return std::nullopt;
}

std::optional<std::string> types(const shape& s, const json::value& v, bool is_item) {
  if (v.is_null() || s.type == kind::document) return std::nullopt;
  if (s.type == kind::structure) return types_of_structure(s, v, is_item);
  if (s.type == kind::list || s.type == kind::map) return types_of_items(s, v);
  if (v.is_array()) return "Unrecognized collection type " + java_class(s);
  if (v.is_object()) return "Start of structure or map found where not expected";
  if (!is_scalar_of(s, v)) return wrong_scalar(s, v);
  if (s.type == kind::blob && !base::from_base64(json::view(v.get_string())))
    return wrong_base64(json::view(v.get_string()));
  return std::nullopt;
}

}  // namespace

std::optional<std::string> check_types(const shape& input, const json::value& v) { return types(input, v, true); }

std::vector<std::string> validate(const shape& input, const json::value& v) {
  validator check;
  check.structure(input, v, {});
  return std::move(check.found);
}

std::string describe(const std::vector<std::string>& violations) {
  return fmt::format("{} validation error{} detected: {}", violations.size(), violations.size() == 1 ? "" : "s",
                     fmt::join(violations, "; "));
}

std::string_view validation_code(const service& s) {
  if (s.speaks == protocol::query || s.name == "sagemaker_runtime") return "ValidationError";
  return s.name == "logs" ? "InvalidParameterException" : "ValidationException";
}

}  // namespace mdlc::wire
