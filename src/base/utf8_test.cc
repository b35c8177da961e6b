#include "base/utf8.h"

#include <gtest/gtest.h>

namespace mdlc::base {
namespace {

TEST(utf8, what_is_no_text_becomes_question_marks) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},
      {"plain\n", "plain\n"},
      {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
      {"\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF", "\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF"},
      {"a\xFFz", "a?z"},
      {"\xC3", "?"},
      {"\xC3(", "?("},
      {"\xE2\x82", "??"},
      {"\xC0\x80", "??"},
      {"\xE0\x9F\xBF", "???"},
      {"\xF0\x8F\xBF\xBF", "????"},
      {"\xED\xA0\x80", "???"},
      {"\xF4\x90\x80\x80", "????"},
      {"\x80", "?"},
  };
  for (const auto& [bytes, text] : cases) EXPECT_EQ(to_utf8(bytes), text);
  EXPECT_EQ(to_utf8("a\xFFz", "-?-"), "a-?-z");
}

}  // namespace
}  // namespace mdlc::base
