#include "expr/dynamo/attribute.h"

#include "base/bytes.h"

namespace mdlc::expr::dynamo {
namespace {

constexpr std::string_view empty_value =
    "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
constexpr std::string_view several_values =
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes";

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> types{{{"S", "STRING"},
                                                                               {"N", "NUMBER"},
                                                                               {"B", "BINARY"},
                                                                               {"SS", "STRING_SET"},
                                                                               {"NS", "NUMBER_SET"},
                                                                               {"BS", "BINARY_SET"},
                                                                               {"M", "MAP"},
                                                                               {"L", "LIST"},
                                                                               {"NULL", "NULL"},
                                                                               {"BOOL", "BOOLEAN"}}};

answer<void> canonicalize_number(json::value& text) {
  const auto parsed = number::parse(json::view(text.as_string()));
  if (!parsed) return tl::unexpected(parsed.error());
  text = parsed->str();
  return {};
}

// The same bytes must be the same text, whatever stood in the last digit's unused bits.
answer<void> canonicalize_binary(json::value& text) {
  const auto bytes = base::from_base64(json::view(text.as_string()));
  if (!bytes) return refuse("One or more parameter values were invalid: Invalid base64 encoding of a binary value");
  text = base::to_base64(*bytes);
  return {};
}

std::string join(const json::array& texts) {
  std::string out;
  for (const auto& t : texts) out += (out.empty() ? "" : ", ") + std::string(json::view(t.as_string()));
  return out;
}

tl::unexpected<error> duplicates(std::string_view type, const json::array& members) {
  if (type == "NS") return refuse("Input collection contains duplicates");
  return refuse(fmt::format("One or more parameter values were invalid: Input collection [{}]{} contains duplicates.",
                            join(members), type == "BS" ? "of type BS" : ""));
}

answer<void> canonicalize_set(std::string_view type, json::value& content) {
  if (!content.is_array()) return refuse(std::string(empty_value));
  auto& members = content.as_array();
  if (members.empty()) {
    if (type == "BS") return refuse("One or more parameter values were invalid: Binary sets should not be empty");
    return refuse(fmt::format("One or more parameter values were invalid: An {} set  may not be empty",
                              type == "SS" ? "string" : "number"));
  }
  std::set<std::string> seen;
  for (auto& member : members) {
    if (!member.is_string()) return refuse(std::string(empty_value));
    if (type == "NS") MDLC_CHECK(canonicalize_number(member));
    if (type == "BS") MDLC_CHECK(canonicalize_binary(member));
    if (!seen.emplace(json::view(member.as_string())).second) return duplicates(type, members);
  }
  return {};
}

answer<void> canonicalize_at(json::value& attribute, int level) {
  if (level > max_nesting_levels) return refuse("Nesting Levels have exceeded supported limits");
  if (!attribute.is_object() || attribute.as_object().empty()) return refuse(std::string(empty_value));
  if (attribute.as_object().size() > 1) return refuse(std::string(several_values));
  auto& member = *attribute.as_object().begin();
  const std::string_view type{member.key().data(), member.key().size()};
  auto& content = member.value();
  if (type == "S" || type == "N" || type == "B") {
    if (!content.is_string()) return refuse(std::string(empty_value));
    if (type == "N") return canonicalize_number(content);
    return type == "B" ? canonicalize_binary(content) : answer<void>{};
  }
  if (is_set(type)) return canonicalize_set(type, content);
  if (type == "M" && content.is_object()) {
    for (auto& each : content.as_object()) MDLC_CHECK(canonicalize_at(each.value(), level + 1));
    return {};
  }
  if (type == "L" && content.is_array()) {
    for (auto& each : content.as_array()) MDLC_CHECK(canonicalize_at(each, level + 1));
    return {};
  }
  if (type == "BOOL" && content.is_bool()) return {};
  if (type == "NULL" && content.is_bool()) {
    if (!content.as_bool())
      return refuse(
          "One or more parameter values were invalid: Null attribute value types must have the value of true");
    return {};
  }
  return refuse(std::string(empty_value));
}

std::vector<std::string_view> sorted(const json::value& set) {
  std::vector<std::string_view> out;
  for (const auto& member : set.as_array()) out.push_back(json::view(member.as_string()));
  std::sort(out.begin(), out.end());
  return out;
}

bool equal_lists(const json::array& a, const json::array& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](auto& x, auto& y) { return equal(x, y); });
}

bool equal_maps(const json::object& a, const json::object& b) {
  if (a.size() != b.size()) return false;
  return std::all_of(a.begin(), a.end(), [&](const auto& member) {
    const auto* other = b.if_contains(member.key());
    return other && equal(member.value(), *other);
  });
}

// A byte for two digits, one for the exponent and one for a minus sign.
int64_t size_of_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  int64_t digits = 0, zeros = 0;
  for (char c : text) {
    if (c < '0' || c > '9') continue;
    if (c == '0') {
      if (digits) ++zeros;  // they count only where another digit follows
    } else {
      digits += zeros + 1;
      zeros = 0;
    }
  }
  return (digits + 1) / 2 + 1 + negative;
}

int64_t size_of_text(std::string_view type, std::string_view text) {
  if (type.starts_with('N')) return size_of_number(text);
  if (type.starts_with('B')) {
    const auto padding = static_cast<int64_t>(text.size() - (text.find_last_not_of('=') + 1));
    return static_cast<int64_t>(text.size()) / 4 * 3 - padding;
  }
  return static_cast<int64_t>(text.size());
}

}  // namespace

std::string_view type_of(const json::value& attribute) {
  const auto key = attribute.as_object().begin()->key();
  return {key.data(), key.size()};
}

const json::value& content_of(const json::value& attribute) { return attribute.as_object().begin()->value(); }

std::string_view long_type_name(std::string_view type) {
  for (const auto& [name, long_name] : types)
    if (name == type) return long_name;
  return type;
}

bool is_set(std::string_view type) { return type == "SS" || type == "NS" || type == "BS"; }

answer<void> canonicalize(json::value& attribute) { return canonicalize_at(attribute, 1); }

answer<void> canonicalize(json::object& item) {
  for (auto& member : item) MDLC_CHECK(canonicalize_at(member.value(), 1));
  return {};
}

bool equal(const json::value& a, const json::value& b) {
  const auto type = type_of(a);
  if (type != type_of(b)) return false;
  const auto &left = content_of(a), &right = content_of(b);
  if (is_set(type)) return left.as_array().size() == right.as_array().size() && sorted(left) == sorted(right);
  if (type == "L") return equal_lists(left.as_array(), right.as_array());
  if (type == "M") return equal_maps(left.as_object(), right.as_object());
  return left == right;
}

std::optional<std::strong_ordering> compare(const json::value& a, const json::value& b) {
  const auto type = type_of(a);
  if (type != type_of(b)) return std::nullopt;
  if (type == "N") return number_of(a) <=> number_of(b);
  if (type == "S") return json::view(content_of(a).as_string()) <=> json::view(content_of(b).as_string());
  if (type == "B") return binary_of(a) <=> binary_of(b);
  return std::nullopt;
}

bool has_member(const json::value& collection, const json::value& member) {
  const auto type = type_of(collection);
  const auto& members = content_of(collection).as_array();
  if (type == "L") return std::any_of(members.begin(), members.end(), [&](auto& m) { return equal(m, member); });
  if (type.substr(0, 1) != type_of(member)) return false;
  return std::find(members.begin(), members.end(), content_of(member)) != members.end();
}

int64_t size_of(const json::value& attribute) {
  const auto type = type_of(attribute);
  const auto& content = content_of(attribute);
  if (type == "BOOL" || type == "NULL") return 1;
  if (type == "M") return 3 + static_cast<int64_t>(content.as_object().size()) + size_of(content.as_object());
  int64_t out = 0;
  if (type == "L") {
    out = 3 + static_cast<int64_t>(content.as_array().size());
    for (const auto& each : content.as_array()) out += size_of(each);
  } else if (is_set(type)) {
    for (const auto& each : content.as_array()) out += size_of_text(type, json::view(each.as_string()));
  } else {
    out = size_of_text(type, json::view(content.as_string()));
  }
  return out;
}

int64_t size_of(const json::object& item) {
  int64_t out = 0;
  for (const auto& member : item) out += static_cast<int64_t>(member.key().size()) + size_of(member.value());
  return out;
}

std::string binary_of(const json::value& attribute) {
  return base::from_base64(json::view(content_of(attribute).as_string())).value_or(std::string{});
}

json::value make_string(std::string_view text) { return {{"S", text}}; }

json::value make_number(const number& n) { return {{"N", n.str()}}; }

number number_of(const json::value& attribute) {
  return number::parse(json::view(content_of(attribute).as_string())).value_or(number{});
}

}  // namespace mdlc::expr::dynamo
