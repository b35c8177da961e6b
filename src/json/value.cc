#include "json/value.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <boost/json/basic_parser_impl.hpp>

namespace mdlc::json {
namespace {

void append_string(std::string& out, std::string_view s) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (unsigned char c : s) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c < 0x20) {
          out += "\\u00";
          out += hex[c >> 4];
          out += hex[c & 15];
        } else {
          out += static_cast<char>(c);
        }
    }
  }
  out += '"';
}

// As Java's Double.toString does, which AWS's services print with: plain from 1e-3 up to 1e7, else d.dE±x.
void append_double(std::string& out, double d) {
  if (!std::isfinite(d)) {
    out += std::isnan(d) ? "\"NaN\"" : d > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  char buffer[40];
  double size = std::abs(d);
  if (size == 0 || (size >= 1e-3 && size < 1e7)) {
    auto end = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::fixed).ptr;
    std::string_view text{buffer, end};
    out += text;
    if (text.find('.') == std::string_view::npos) out += ".0";
    return;
  }
  auto end = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::scientific).ptr;
  std::string_view text{buffer, end};
  auto e = text.find('e');
  out += text.substr(0, e);
  if (text.substr(0, e).find('.') == std::string_view::npos) out += ".0";
  int exponent = 0;
  auto digits = text.substr(e + 1);
  if (digits.front() == '+') digits.remove_prefix(1);
  std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  fmt::format_to(std::back_inserter(out), "E{}", exponent);
}

void append(std::string& out, const value& v) {
  switch (v.kind()) {
    case kind::null:
      out += "null";
      break;
    case kind::bool_:
      out += v.get_bool() ? "true" : "false";
      break;
    case kind::int64:
      fmt::format_to(std::back_inserter(out), "{}", v.get_int64());
      break;
    case kind::uint64:
      fmt::format_to(std::back_inserter(out), "{}", v.get_uint64());
      break;
    case kind::double_:
      append_double(out, v.get_double());
      break;
    case kind::string:
      append_string(out, view(v.get_string()));
      break;
    case kind::array: {
      out += '[';
      bool first = true;
      for (const auto& element : v.get_array()) {
        if (!first) out += ',';
        first = false;
        append(out, element);
      }
      out += ']';
      break;
    }
    case kind::object: {
      out += '{';
      bool first = true;
      for (const auto& [name, member] : v.get_object()) {
        if (!first) out += ',';
        first = false;
        append_string(out, {name.data(), name.size()});
        out += ':';
        append(out, member);
      }
      out += '}';
      break;
    }
  }
}

// Builds the value. Boost 1.81's own parser may miss a double by its last bit: this one reads the number's text again.
struct builder {
  static constexpr size_t max_object_size = boost::json::object::max_size();
  static constexpr size_t max_array_size = boost::json::array::max_size();
  static constexpr size_t max_key_size = boost::json::string::max_size();
  static constexpr size_t max_string_size = boost::json::string::max_size();
  using error = boost::json::error_code;
  using part = boost::json::string_view;

  // Elements of open arrays and objects; small texts need no more than this room.
  alignas(value) unsigned char room[4096];
  boost::json::value_stack stack{{}, room, sizeof room};

  bool on_document_begin(error&) {
    stack.reset();
    return true;
  }
  bool on_document_end(error&) { return true; }
  bool on_object_begin(error&) { return true; }
  bool on_object_end(size_t n, error&) { return stack.push_object(n), true; }
  bool on_array_begin(error&) { return true; }
  bool on_array_end(size_t n, error&) { return stack.push_array(n), true; }
  bool on_key_part(part s, size_t, error&) { return stack.push_chars(s), true; }
  bool on_key(part s, size_t, error&) { return stack.push_key(s), true; }
  bool on_string_part(part s, size_t, error&) { return stack.push_chars(s), true; }
  bool on_string(part s, size_t, error&) { return stack.push_string(s), true; }
  bool on_number_part(part, error&) { return true; }  // the text is whole, so this is never the way
  bool on_int64(int64_t i, part, error&) { return stack.push_int64(i), true; }
  bool on_uint64(uint64_t u, part, error&) { return stack.push_uint64(u), true; }
  bool on_double(double d, part s, error&) {
    double exact;
    if (std::from_chars(s.data(), s.data() + s.size(), exact).ec == std::errc{}) d = exact;
    return stack.push_double(d), true;
  }
  bool on_bool(bool b, error&) { return stack.push_bool(b), true; }
  bool on_null(error&) { return stack.push_null(), true; }
  bool on_comment_part(part, error&) { return true; }
  bool on_comment(part, error&) { return true; }
};

}  // namespace

base::result<value> parse(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = max_depth;
  boost::json::basic_parser<builder> parser{options};
  boost::json::error_code error;
  size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size() && text.find_first_not_of(" \t\r\n", read) != std::string_view::npos)
    return base::fail(fmt::format("unexpected text after the JSON value at offset {}", read));
  if (error) return base::fail(fmt::format("{} at offset {}", error.message(), read));
  return parser.handler().stack.release();
}

std::string print(const value& v) {
  std::string out;
  append(out, v);
  return out;
}

const value* find(const value& v, std::string_view member) {
  auto* o = v.if_object();
  return o ? o->if_contains({member.data(), member.size()}) : nullptr;
}

std::string_view text(const value& v, std::string_view member, std::string_view otherwise) {
  auto* found = find(v, member);
  return found && found->is_string() ? view(found->get_string()) : otherwise;
}

std::string_view text(const object& o, std::string_view member, std::string_view otherwise) {
  auto* found = o.if_contains(member);
  return found && found->is_string() ? view(found->get_string()) : otherwise;
}

bool is_number(const value& v) { return v.is_int64() || v.is_uint64() || v.is_double(); }

double to_double(const value& v) {
  if (v.is_int64()) return static_cast<double>(v.get_int64());
  if (v.is_uint64()) return static_cast<double>(v.get_uint64());
  return v.is_double() ? v.get_double() : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace mdlc::json
