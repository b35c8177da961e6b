#include "wire/xml.h"

#include <gtest/gtest.h>

namespace mdlc::wire::xml {
namespace {

std::string nested(size_t depth) {
  std::string out;
  for (size_t i = 0; i < depth; ++i) out += "<a>";
  for (size_t i = 0; i < depth; ++i) out += "</a>";
  return out;
}

TEST(xml, reads_names_attributes_and_text) {
  auto root = parse(R"(<?xml version="1.0"?><s3:A xmlns:s3="urn:x" k="v">x<B>1 &lt; 2</B><B/><C>&#xE9;</C>y</s3:A>)");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->name, "A");
  EXPECT_EQ(root->text, "xy");
  ASSERT_EQ(root->children.size(), 3u);
  EXPECT_EQ(root->find("B")->text, "1 < 2");
  EXPECT_EQ(root->find("C")->text, "\xC3\xA9");
  EXPECT_EQ(root->find("D"), nullptr);
}

TEST(xml, refuses_what_is_no_document) {
  for (std::string_view text : {"", "x", "<a>", "<a></b>", "<a/><b/>", "<a>&nbsp;</a>", "<a b=c/>", "<a>\x01</a>"})
    EXPECT_FALSE(parse(text)) << text;
}

TEST(xml, refuses_entities) {
  auto bomb = parse(R"(<!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><a>&y;</a>)");
  ASSERT_FALSE(bomb);
  EXPECT_EQ(bomb.error().message, "document type declarations are not allowed");
}

TEST(xml, depth_has_a_bound) {
  EXPECT_TRUE(parse(nested(max_depth)));
  EXPECT_FALSE(parse(nested(max_depth + 1)));
}

TEST(xml, elements_have_a_bound) {
  auto flat = [](size_t count) {
    std::string out = "<r>";
    for (size_t i = 1; i < count; ++i) out += "<a/>";
    return out + "</r>";
  };
  EXPECT_TRUE(parse(flat(max_elements)));
  EXPECT_FALSE(parse(flat(max_elements + 1)));
}

TEST(xml, writes_what_it_reads) {
  std::string odd = "<&>\"' \r\n\t\xC3\xA9";
  writer w{true};
  w.open("a", {{"k", odd}});
  w.leaf("b", odd);
  w.close();
  auto text = w.finish();
  EXPECT_TRUE(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a k="));
  auto root = parse(text);
  ASSERT_TRUE(root) << text;
  EXPECT_EQ(root->find("b")->text, odd);
}

TEST(xml, control_characters_do_not_break_a_document) { EXPECT_TRUE(parse("<a>" + escape("\x01\x1f") + "</a>")); }

}  // namespace
}  // namespace mdlc::wire::xml
