#include "wire/generated.h"

#include <gtest/gtest.h>

// Two structures as tools/apigen writes them.
namespace mdlc::services::toy::model {

using namespace wire::generated;

struct Node {
  std::string Name;
  wire::box<Node> Next;
};

struct Everything {
  std::string Text;
  std::optional<std::string> MaybeText;
  std::optional<std::string> Bytes;
  std::optional<std::vector<std::string>> ManyBytes;
  std::optional<int64_t> Whole;
  std::optional<double> Real;
  std::optional<bool> Flag;
  std::optional<base::time_point> When;
  std::vector<std::string> Texts;
  std::optional<std::vector<bool>> Flags;
  std::optional<std::map<std::string, std::vector<int64_t>>> Numbers;
  std::optional<json::value> Free;
  std::optional<Node> Chain;
};

json::value to_json(const Node& v) {
  json::object o;
  put(o, "Name", v.Name);
  put(o, "Next", v.Next);
  return o;
}
void from_json(const json::value& j, Node& v) {
  get(j, "Name", v.Name);
  get(j, "Next", v.Next);
}

json::value to_json(const Everything& v) {
  json::object o;
  put(o, "Text", v.Text);
  put(o, "MaybeText", v.MaybeText);
  put<bytes>(o, "Bytes", v.Bytes);
  put<bytes>(o, "ManyBytes", v.ManyBytes);
  put(o, "Whole", v.Whole);
  put(o, "Real", v.Real);
  put(o, "Flag", v.Flag);
  put(o, "When", v.When);
  put(o, "Texts", v.Texts);
  put(o, "Flags", v.Flags);
  put(o, "Numbers", v.Numbers);
  put(o, "Free", v.Free);
  put(o, "Chain", v.Chain);
  return o;
}
void from_json(const json::value& j, Everything& v) {
  get(j, "Text", v.Text);
  get(j, "MaybeText", v.MaybeText);
  get<bytes>(j, "Bytes", v.Bytes);
  get<bytes>(j, "ManyBytes", v.ManyBytes);
  get(j, "Whole", v.Whole);
  get(j, "Real", v.Real);
  get(j, "Flag", v.Flag);
  get(j, "When", v.When);
  get(j, "Texts", v.Texts);
  get(j, "Flags", v.Flags);
  get(j, "Numbers", v.Numbers);
  get(j, "Free", v.Free);
  get(j, "Chain", v.Chain);
}

}  // namespace mdlc::services::toy::model

namespace mdlc::services::toy {
namespace {

std::string round_trip(std::string_view text) {
  model::Everything v;
  from_json(*json::parse(text), v);
  return json::print(to_json(v));
}

TEST(generated, values_come_back_as_they_went) {
  const std::string_view same[] = {
      R"({"Text":"","Texts":[]})",
      R"({"Text":"a","MaybeText":"","Bytes":"","ManyBytes":["AP8=","YQ=="],"Whole":-9223372036854775808,"Real":0.5,"Flag":false,)"
      R"("When":1.3726368005E9,"Texts":["b",""],"Flags":[true,false],"Numbers":{"n":[1,2],"z":[]},"Free":{"a":[null]},)"
      R"("Chain":{"Name":"1","Next":{"Name":"2","Next":{"Name":"3"}}}})",
  };
  for (const auto text : same) EXPECT_EQ(round_trip(text), text);
}

TEST(generated, required_members_are_always_there) { EXPECT_EQ(round_trip("{}"), R"({"Text":"","Texts":[]})"); }

TEST(generated, bytes_are_raw_in_the_structure) {
  model::Everything v;
  from_json(*json::parse(R"({"Bytes":"AP8=","ManyBytes":["YQ=="]})"), v);
  EXPECT_EQ(v.Bytes, std::string("\0\xFF", 2));
  EXPECT_EQ(v.ManyBytes, std::vector<std::string>{"a"});
}

TEST(generated, numbers_and_times_are_read_in_each_form) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {R"({"Whole":3.0})", R"({"Text":"","Whole":3,"Texts":[]})"},
      {R"({"Whole":1e30})", R"({"Text":"","Whole":9223372036854774784,"Texts":[]})"},
      {R"({"Whole":18446744073709551615})", R"({"Text":"","Whole":9223372036854774784,"Texts":[]})"},
      {R"({"Real":3})", R"({"Text":"","Real":3.0,"Texts":[]})"},
      {R"({"When":1372636800})", R"({"Text":"","When":1372636800,"Texts":[]})"},
      {R"({"When":1372636800.0})", R"({"Text":"","When":1372636800,"Texts":[]})"},
      {R"({"When":1.3726368001234E9})", R"({"Text":"","When":1372636800.123,"Texts":[]})"},
      {R"({"When":-0.001})", R"({"Text":"","When":-0.001,"Texts":[]})"},
      {R"({"When":"2013-07-01T00:00:00Z"})", R"({"Text":"","When":1372636800,"Texts":[]})"},
  };
  for (const auto& [text, read] : rows) {
    // Numbers are compared as values: how a double is printed is json's business.
    EXPECT_EQ(*json::parse(round_trip(text)), *json::parse(read)) << text;
  }
}

TEST(generated, what_is_of_another_type_leaves_the_value_alone) {
  model::Everything v;
  v.Text = "kept";
  v.Texts = {"kept"};
  from_json(*json::parse(R"({"Text":1,"Texts":{},"MaybeText":null})"), v);
  EXPECT_EQ(v.Text, "kept");
  EXPECT_EQ(v.Texts, std::vector<std::string>{"kept"});
  EXPECT_EQ(v.MaybeText, std::nullopt);
}

TEST(generated, boxes_copy_deeply) {
  model::Node a{"1", model::Node{"2", {}}};
  model::Node b = a;
  b.Next->Name = "changed";
  EXPECT_EQ(a.Next->Name, "2");
  a = b;
  EXPECT_EQ(a.Next->Name, "changed");
  EXPECT_FALSE(a.Next->Next.has_value());
}

}  // namespace
}  // namespace mdlc::services::toy
