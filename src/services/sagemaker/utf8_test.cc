#include "services/sagemaker/utf8.h"

#include <gtest/gtest.h>

namespace mdlc::services::sagemaker {
namespace {

TEST(utf8, what_is_none_becomes_question_marks) {
  const struct {
    std::string_view bytes, text;
  } cases[] = {
      {"plain", "plain"},
      {"\u00e9\u20ac\U0001F600", "\u00e9\u20ac\U0001F600"},
      {"a\xff"
       "b",
       "a?b"},
      {"\xc3", "?"},                 // cut
      {"\xe2\x82", "??"},            // cut
      {"\xc0\xaf", "??"},            // longer than need be
      {"\xed\xa0\x80", "???"},       // a surrogate
      {"\xf4\x90\x80\x80", "????"},  // beyond the last
      {std::string_view{"a\0b", 3}, "a?b"},
  };
  for (const auto& c : cases) EXPECT_EQ(as_utf8(c.bytes), c.text);
}

}  // namespace
}  // namespace mdlc::services::sagemaker
