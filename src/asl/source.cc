#include "asl/source.h"

#include <fmt/format.h>

#include <cctype>

namespace mdlc::asl {
namespace {

constexpr size_t shown_units = 500;  // Jackson cuts the source there
constexpr int max_depth = 512;

// UTF-16 units of the character that begins with this byte of UTF-8, 0 within one: what Jackson counts.
size_t units(char byte) {
  auto c = static_cast<unsigned char>(byte);
  return (c & 0xC0) == 0x80 ? 0 : c >= 0xF0 ? 2 : 1;
}

size_t units(std::string_view text) {
  size_t out = 0;
  for (char c : text) out += units(c);
  return out;
}

// The text's beginning of so many units at most, in whole characters.
std::string_view first_units(std::string_view text, size_t most) {
  size_t end = 0;
  for (size_t used = 0; end < text.size() && (used += units(text[end])) <= most;) ++end;
  return text.substr(0, end);
}

// The character at a place, as Jackson shows it: "'a' (code 97)", "'€' (code 8364 / 0x20ac)".
std::string shown_character(std::string_view text, size_t at) {
  size_t end = at + 1;
  auto first = static_cast<unsigned char>(text[at]);
  uint32_t code = first < 0x80 ? first : first < 0xE0 ? first & 0x1F : first < 0xF0 ? first & 0x0F : first & 0x07;
  for (; end < text.size() && units(text[end]) == 0; ++end)
    code = code << 6 | (static_cast<unsigned char>(text[end]) & 0x3F);
  auto c = text.substr(at, end - at);
  return code > 255 ? fmt::format("'{}' (code {} / 0x{:x})", c, code, code) : fmt::format("'{}' (code {})", c, code);
}

// Lines and columns from 1, these in UTF-16 units.
place_in_text place(std::string_view text, size_t at) {
  place_in_text out{1, 1};
  for (size_t i = 0; i < at && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++out.line;
      out.column = 1;
    } else {
      out.column += static_cast<int>(units(text[i]));
    }
  }
  return out;
}

class fault_finder {
 public:
  explicit fault_finder(std::string_view text) : text_(text) {}

  json_fault find() {
    if (!value(0)) return fault_;
    skip();
    if (at_ < text_.size()) unexpected("was expecting end of the text");
    if (fault_.message.empty()) report("Invalid JSON", at_);
    return fault_;
  }

 private:
  std::string source(size_t at) const {
    auto p = place(text_, at);
    auto shown = first_units(text_, shown_units);
    auto rest = units(text_.substr(shown.size()));
    std::string cut = rest ? fmt::format("[truncated {} chars]", rest) : "";
    return fmt::format("[Source: (String)\"{}\"{}; line: {}, column: {}]", shown, cut, p.line, p.column);
  }

  bool report(std::string what, size_t at) {
    fault_ = {fmt::format("{}\n at {}", what, source(at)), source(at), place(text_, at)};
    return false;
  }

  bool unexpected(std::string_view expectation) {
    if (at_ >= text_.size()) return end();
    return report(fmt::format("Unexpected character ({}): {}", shown_character(text_, at_), expectation), at_ + 1);
  }

  bool end() {
    if (open_.empty()) return report("No content to map due to end-of-input", at_);
    auto [kind, at] = open_.back();
    return report(
        fmt::format("Unexpected end-of-input: expected close marker for {} (start marker at {})", kind, source(at)),
        text_.size());
  }

  bool value(int depth) {
    skip();
    if (at_ >= text_.size()) return end();
    if (depth > max_depth) return report("Document nesting depth exceeds the maximum allowed", at_);
    char c = text_[at_];
    if (c == '{') return object(depth);
    if (c == '[') return array(depth);
    if (c == '"') return string();
    if (c == '-' || std::isdigit(static_cast<unsigned char>(c))) return number();
    if (std::isalpha(static_cast<unsigned char>(c)) || c == '_') return word();
    return unexpected("expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')");
  }

  bool object(int depth) {
    open_.emplace_back("Object", at_++);
    for (bool first = true;; first = false) {
      skip();
      if (at_ >= text_.size()) return end();
      if (first && text_[at_] == '}') break;
      if (text_[at_] != '"') return unexpected("was expecting double-quote to start field name");
      if (!string()) return false;
      skip();
      if (at_ >= text_.size() || text_[at_] != ':')
        return unexpected("was expecting a colon to separate field name and value");
      ++at_;
      if (!value(depth + 1)) return false;
      skip();
      if (at_ >= text_.size()) return end();
      if (text_[at_] == '}') break;
      if (text_[at_] != ',') return unexpected("was expecting comma to separate Object entries");
      ++at_;
    }
    ++at_;
    open_.pop_back();
    return true;
  }

  bool array(int depth) {
    open_.emplace_back("Array", at_++);
    skip();
    if (at_ < text_.size() && text_[at_] == ']') {
      ++at_;
      open_.pop_back();
      return true;
    }
    while (true) {
      if (!value(depth + 1)) return false;
      skip();
      if (at_ >= text_.size()) return end();
      if (text_[at_] == ']') break;
      if (text_[at_] != ',') return unexpected("was expecting comma to separate Array entries");
      ++at_;
    }
    ++at_;
    open_.pop_back();
    return true;
  }

  bool string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      auto c = static_cast<unsigned char>(text_[at_]);
      if (c < 0x20)
        return report(
            fmt::format("Illegal unquoted character ((CTRL-CHAR, code {})): has to be escaped using backslash to be "
                        "included in string value",
                        c),
            at_ + 1);
      if (c == '\\') {
        ++at_;
        if (at_ < text_.size() && std::string_view{"\"\\/bfnrtu"}.find(text_[at_]) == std::string_view::npos)
          return report(fmt::format("Unrecognized character escape {}", shown_character(text_, at_)), at_ + 1);
      }
    }
    if (at_ >= text_.size())
      return report("Unexpected end-of-input: was expecting closing quote for a string value", text_.size());
    ++at_;
    return true;
  }

  bool number() {
    while (at_ < text_.size() && std::string_view{"+-.eE0123456789"}.find(text_[at_]) != std::string_view::npos) ++at_;
    return true;
  }

  bool word() {
    size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) ++at_;
    auto w = text_.substr(begin, at_ - begin);
    if (w == "true" || w == "false" || w == "null") return true;
    return report(
        fmt::format("Unrecognized token '{}': was expecting (JSON String, Number, Array, Object or token 'null', "
                    "'true' or 'false')",
                    w),
        at_);
  }

  void skip() {
    while (at_ < text_.size() && std::string_view{" \t\r\n"}.find(text_[at_]) != std::string_view::npos) ++at_;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<std::pair<std::string_view, size_t>> open_;
  json_fault fault_;
};

// Walks valid JSON once and notes where the wanted locations, and all above them, begin.
class locator {
 public:
  locator(std::string_view text, const std::vector<std::string>& wanted) : text_(text) {
    for (const auto& w : wanted)
      for (size_t end = 0; end != std::string::npos;
           end = end < w.size() ? w.find_first_of("/[", end + 1) : std::string::npos)
        offsets_.try_emplace(w.substr(0, end), std::string::npos);
    for (const auto& w : wanted) offsets_.try_emplace(w, std::string::npos);
    value();
  }

  size_t offset(std::string location) const {
    while (true) {
      auto it = offsets_.find(location);
      if (it != offsets_.end() && it->second != std::string::npos) return it->second;
      if (location.empty()) return 0;
      auto cut = location.find_last_of("/[");
      location.resize(cut == std::string::npos ? 0 : cut);
    }
  }

 private:
  void value() {
    skip();
    if (auto it = offsets_.find(at_path_); it != offsets_.end() && it->second == std::string::npos) it->second = at_;
    char c = text_[at_];
    if (c == '{') return object();
    if (c == '[') return array();
    if (c == '"') return string();
    while (at_ < text_.size() && !is_end(text_[at_])) ++at_;
  }

  void object() {
    size_t size = at_path_.size();
    for (++at_; skip(), text_[at_] != '}';) {
      size_t begin = at_ + 1;
      string();
      at_path_ += '/';
      at_path_ += text_.substr(begin, at_ - 1 - begin);
      skip();
      ++at_;  // ':'
      value();
      at_path_.resize(size);
      skip();
      if (text_[at_] == ',') ++at_;
    }
    ++at_;
  }

  void array() {
    size_t size = at_path_.size();
    ++at_;
    for (int i = 0; skip(), text_[at_] != ']'; ++i) {
      at_path_ += '[';
      at_path_ += std::to_string(i);
      at_path_ += ']';
      value();
      at_path_.resize(size);
      skip();
      if (text_[at_] == ',') ++at_;
    }
    ++at_;
  }

  void string() {
    for (++at_; text_[at_] != '"'; ++at_)
      if (text_[at_] == '\\') ++at_;
    ++at_;
  }

  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
  static bool is_end(char c) { return c == ',' || c == ']' || c == '}' || is_blank(c); }
  void skip() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string at_path_;
  std::unordered_map<std::string, size_t> offsets_;
};

}  // namespace

json_fault find_fault(std::string_view text) { return fault_finder{text}.find(); }

std::vector<place_in_text> locate(std::string_view text, const std::vector<std::string>& locations) {
  locator all{text, locations};
  std::map<size_t, place_in_text> places;
  for (const auto& l : locations) places[all.offset(l)] = {};
  place_in_text now{1, 1};
  size_t at = 0;
  for (auto& [offset, found] : places) {
    for (; at < offset; ++at) {
      ++now.column;
      if (text[at] == '\n') now = {now.line + 1, 1};
    }
    found = now;
  }
  std::vector<place_in_text> out;
  for (const auto& l : locations) out.push_back(places[all.offset(l)]);
  return out;
}

}  // namespace mdlc::asl
