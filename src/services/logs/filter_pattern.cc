#include "services/logs/filter_pattern.h"

#include <algorithm>

namespace mdlc::services::logs {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

tl::unexpected<api::error> invalid() { return api::refuse("InvalidParameterException", "Invalid filter pattern"); }

// The word or phrase at `at`, which moves behind it. In a phrase \" and \\ stand for themselves.
api::answer<std::string> read_word(std::string_view text, size_t& at) {
  std::string out;
  if (text[at] != '"') {
    while (at < text.size() && !is_space(text[at])) out += text[at++];
    return out;
  }
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\\')) ++at;
    out += text[at];
  }
  if (at == text.size()) return invalid();
  ++at;
  return out;
}

}  // namespace

api::answer<filter_pattern> filter_pattern::parse(std::string_view text) {
  filter_pattern out;
  size_t at = 0;
  const auto skip = [&] {
    while (at < text.size() && is_space(text[at])) ++at;
  };
  skip();
  if (at < text.size() && (text[at] == '{' || text[at] == '[' || text[at] == '%'))
    return api::refuse("InvalidParameterException",
                       "Invalid filter pattern: patterns over JSON, columns and regular expressions are not supported");
  for (; at < text.size(); skip()) {
    auto* list = &out.all_;
    if (text[at] == '?' || text[at] == '-') list = text[at++] == '?' ? &out.any_ : &out.none_;
    if (at == text.size() || is_space(text[at])) return invalid();
    MDLC_TRY(auto word, read_word(text, at));
    list->push_back(std::move(word));
  }
  return out;
}

bool filter_pattern::matches(std::string_view message) const {
  const auto is_in = [&](const std::string& word) { return message.find(word) != std::string_view::npos; };
  return std::all_of(all_.begin(), all_.end(), is_in) && std::none_of(none_.begin(), none_.end(), is_in) &&
         (any_.empty() || std::any_of(any_.begin(), any_.end(), is_in));
}

}  // namespace mdlc::services::logs
