#include "services/cloudformation/template_text.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace mdlc::services::cloudformation {
namespace {

auto refuse(std::string message) { return api::refuse("ValidationError", std::move(message)); }

std::optional<json::value> as_number(std::string_view text) {
  auto digits = text.starts_with('-') || text.starts_with('+') ? text.substr(1) : text;
  if (digits.empty() || !std::isdigit(static_cast<unsigned char>(digits[0]))) return {};
  if (digits.size() > 1 && digits[0] == '0' && digits[1] != '.') return {};
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  int64_t whole;
  if (auto r = std::from_chars(text.data(), end, whole); r.ec == std::errc{} && r.ptr == end) return json::value(whole);
  double real;
  if (auto r = std::from_chars(text.data(), end, real); r.ec == std::errc{} && r.ptr == end && std::isfinite(real))
    return json::value(real);
  return {};
}

json::value scalar(const YAML::Node& node) {
  const auto& text = node.Scalar();
  if (node.Tag() != "?") return json::value(text);  // quoted, or a block
  if (text == "true" || text == "True" || text == "TRUE") return json::value(true);
  if (text == "false" || text == "False" || text == "FALSE") return json::value(false);
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return json::value(nullptr);
  if (auto number = as_number(text)) return *number;
  return json::value(text);
}

class reader {
 public:
  api::answer<json::value> read(const YAML::Node& node, size_t depth) {
    if (depth > max_template_depth) return refuse("Template format error: Template is nested too deeply");
    if (++nodes_ > max_template_nodes) return refuse("Template format error: Template has too many elements");
    const auto& tag = node.Tag();
    bool short_form = tag.size() > 1 && tag[0] == '!';
    auto value = plain(node, depth, short_form);
    if (!value || !short_form) return value;
    return expand(tag.substr(1), std::move(*value));
  }

 private:
  api::answer<json::value> plain(const YAML::Node& node, size_t depth, bool short_form) {
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return short_form ? json::value(node.Scalar()) : scalar(node);
      case YAML::NodeType::Sequence: {
        json::array list;
        for (const auto& element : node) {
          MDLC_TRY(auto value, read(element, depth + 1));
          list.push_back(std::move(value));
        }
        return json::value(std::move(list));
      }
      case YAML::NodeType::Map: {
        json::object members;
        for (const auto& pair : node) {
          if (!pair.first.IsScalar())
            return refuse("Template format error: [/] map keys must be strings; received a map or list instead");
          MDLC_TRY(auto value, read(pair.second, depth + 1));
          if (members.contains(pair.first.Scalar()))
            return refuse(fmt::format("Template format error: YAML not well-formed. (line {}, column {})",
                                      pair.first.Mark().line + 1, pair.first.Mark().column + 1));
          members[pair.first.Scalar()] = std::move(value);
        }
        return json::value(std::move(members));
      }
      default:
        return json::value(nullptr);
    }
  }

  static api::answer<json::value> expand(std::string name, json::value argument) {
    if (name == "GetAtt" && argument.is_string()) {
      auto text = json::view(argument.get_string());
      auto dot = text.find('.');
      if (dot == std::string_view::npos)
        return refuse(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and "
            "the resource attribute");
      argument = json::array{json::value(text.substr(0, dot)), json::value(text.substr(dot + 1))};
    }
    bool bare = name == "Ref" || name == "Condition";
    json::object call;
    call[bare ? name : "Fn::" + name] = std::move(argument);
    return json::value(std::move(call));
  }

  size_t nodes_ = 0;
};

}  // namespace

api::answer<json::value> parse_template_text(std::string_view text) {
  auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return refuse("Template format error: unsupported structure.");
  if (text[first] == '{') {  // JSON, or a YAML flow mapping
    auto parsed = json::parse(text);
    if (parsed) return std::move(*parsed);
    auto next = text.find_first_not_of(" \t\r\n", first + 1);
    if (next != std::string_view::npos && text[next] == '"')
      return refuse(fmt::format("Template format error: JSON not well-formed. ({})", parsed.error().message));
  }
  YAML::Node document;
  try {
    document = YAML::Load(std::string{text});
  } catch (const YAML::Exception& wrong) {  // the library's only way to say no
    return refuse(fmt::format("Template format error: YAML not well-formed. (line {}, column {})", wrong.mark.line + 1,
                              wrong.mark.column + 1));
  }
  auto value = reader{}.read(document, 0);
  if (value && !value->is_object()) return refuse("Template format error: unsupported structure.");
  return value;
}

}  // namespace mdlc::services::cloudformation
