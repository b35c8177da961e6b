#include "runner/records/record.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runner/records/recordio.h"

namespace mdlc::runner::records {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string framed(uint32_t word, std::string_view content, uint32_t magic = recordio_magic) {
  std::string out(8, '\0');
  std::memcpy(out.data(), &magic, 4);
  std::memcpy(out.data() + 4, &word, 4);
  out += content;
  return out;
}

std::vector<std::string> all_of(std::string_view bytes, std::string* why = nullptr) {
  std::vector<std::string> out;
  recordio_reader reader{bytes};
  std::string_view one;
  while (true) {
    auto got = reader.next(one);
    if (!got && why) *why = got.error().message;
    if (!got || !*got) return out;
    out.emplace_back(one);
  }
}

TEST(recordio, gives_back_what_was_written) {
  std::string bytes;
  for (auto one : {"", "a", "ab", "abc", "abcd", "abcde"}) append_recordio(bytes, one);
  EXPECT_EQ(bytes.size() % 4, 0u);
  EXPECT_THAT(all_of(bytes), ElementsAre("", "a", "ab", "abc", "abcd", "abcde"));
  EXPECT_THAT(all_of(""), ElementsAre());
}

TEST(recordio, joins_a_record_in_parts_by_the_magic_that_was_left_out) {
  const std::string magic{reinterpret_cast<const char*>(&recordio_magic), 4};
  const auto bytes = framed(1u << 29 | 4, "aaaa") + framed(2u << 29 | 0, "") + framed(3u << 29 | 4, "bbbb") +
                     framed(1, std::string{"c\0\0\0", 4});
  EXPECT_THAT(all_of(bytes), ElementsAre("aaaa" + magic + magic + "bbbb", "c"));
}

TEST(recordio, what_is_broken_says_where) {
  const struct {
    std::string bytes;
    const char* why;
  } cases[] = {
      {"abc", "a record's head is cut off at byte 0"},
      {framed(0, "", 7), "no record begins at byte 0"},
      {framed(4, "aaaa") + "x", "a record's head is cut off at byte 12"},
      {framed(5, "aaaa"), "a record is cut off at byte 0"},
      {framed(part_bytes_max, "aaaa"), "a record is cut off at byte 0"},
      {framed(4u << 29, ""), "a record has no known kind at byte 0"},
      {framed(2u << 29, ""), "a record's first part is missing"},
      {framed(1u << 29, "") + framed(0, ""), "a record's last part is missing"},
      {framed(1u << 29, ""), "a record's head is cut off"},
  };
  for (const auto& c : cases) {
    std::string why;
    all_of(c.bytes, &why);
    EXPECT_THAT(why, HasSubstr(c.why));
  }
}

TEST(recordio, a_request_may_be_one_record_without_a_frame) {
  std::string message, framed_message;
  append_features(message, std::vector<float>(25));
  append_recordio(framed_message, message);
  for (const std::string& body : {message, framed_message}) {
    auto reader = recordio_reader::of_request(body);
    std::string_view one;
    EXPECT_TRUE(reader.next(one).value_or(false));
    EXPECT_EQ(one, message);
    EXPECT_FALSE(reader.next(one).value_or(true));
  }
  std::string_view one;
  auto nothing = recordio_reader::of_request("");
  EXPECT_FALSE(nothing.next(one).value_or(true));
}

std::string bytes_field(unsigned number, std::string_view content) {
  EXPECT_LT(content.size(), 128u);
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(content.size())} + std::string{content};
}

std::string entry(std::string_view name, std::string_view value) {
  return bytes_field(1, bytes_field(1, name) + bytes_field(2, value));
}

std::string doubles(std::initializer_list<double> values) {
  std::string out(values.size() * 8, '\0');
  std::memcpy(out.data(), values.begin(), out.size());
  return out;
}

record parsed(std::string_view bytes) {
  record r;
  auto done = parse_record(bytes, r);
  EXPECT_TRUE(done) << done.error().message;
  return r;
}

std::string why_not(std::string_view bytes) {
  record r;
  auto done = parse_record(bytes, r);
  return done ? "it was read" : done.error().message;
}

TEST(record, gives_back_what_was_written) {
  std::string bytes;
  append_features(bytes, std::vector<float>{1.5f, -2, 0});
  append_label(bytes, "values", std::vector<float>{7});
  const auto r = parsed(bytes);
  EXPECT_THAT(r.features.values, ElementsAre(1.5f, -2, 0));
  EXPECT_THAT(r.label.values, ElementsAre(7));
  EXPECT_EQ(width_of(r.features).value_or(0), 3u);
}

TEST(record, reads_each_kind_of_tensor_packed_or_not) {
  EXPECT_THAT(parsed(entry("values", bytes_field(3, bytes_field(1, doubles({1, 2.5}))))).features.values,
              ElementsAre(1, 2.5f));
  EXPECT_THAT(parsed(entry("values", bytes_field(3, "\x09" + doubles({3})))).features.values, ElementsAre(3));
  EXPECT_THAT(parsed(entry("values", bytes_field(7, bytes_field(1, "\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))))
                  .features.values,
              ElementsAre(5, -1));
  EXPECT_THAT(parsed(entry("values", bytes_field(7, "\x08\x05\x08\x06"))).features.values, ElementsAre(5, 6));
  // Fields that are not ours are passed by: uid, and one of each kind that nobody knows.
  const auto strange = bytes_field(3, "id") + "\x78\x01" +
                       "\x7d"
                       "abcd" +
                       "\x79"
                       "abcdefgh";
  EXPECT_THAT(parsed(strange + entry("x", bytes_field(7, "\x08\x05"))).features.values, ElementsAre(5));
}

TEST(record, sparse_rows_have_a_shape_and_keys_within) {
  const auto sparse = [](std::string_view keys, std::string_view shape) {
    return parsed(entry("values",
                        bytes_field(7, bytes_field(1, "\x05\x06") + bytes_field(2, keys) + bytes_field(3, shape))))
        .features;
  };
  const auto t = sparse("\x01\x03", "\x04");
  EXPECT_THAT(t.keys, ElementsAre(1, 3));
  EXPECT_EQ(width_of(t).value_or(0), 4u);
  EXPECT_THAT(width_of(sparse("\x01\x04", "\x04")).error().message, HasSubstr("the key 4 in a row of 4 values"));
  EXPECT_THAT(width_of(sparse("\x01", "\x04")).error().message, HasSubstr("1 keys and 2 values"));
  EXPECT_THAT(width_of(sparse("\x01\x02", "")).error().message, HasSubstr("no shape"));
  EXPECT_THAT(width_of(sparse("", "\x03")).error().message, HasSubstr("2 values and the shape 3"));
  tensor wide{.values = {1}, .keys = {0}, .shape = {tensor_values_max}};
  EXPECT_EQ(width_of(wide).value_or(0), tensor_values_max);
  wide.shape = {tensor_values_max + 1};
  EXPECT_FALSE(width_of(wide));
  wide.shape = {0};
  EXPECT_FALSE(width_of(wide));
}

TEST(record, what_is_broken_is_refused) {
  std::string whole;
  append_features(whole, std::vector<float>{1, 2, 3});
  for (size_t length = 1; length < whole.size(); ++length)
    EXPECT_NE(why_not(whole.substr(0, length)), "it was read") << length;
  EXPECT_THAT(why_not(""), HasSubstr("no features"));
  EXPECT_THAT(why_not("\x0b"), HasSubstr("not one that can be read"));  // a group
  EXPECT_THAT(why_not("\x08\x01"), HasSubstr("a map that is none"));
  EXPECT_THAT(why_not(std::string(11, '\xff')), HasSubstr("cut off"));
  EXPECT_THAT(why_not(entry("values", bytes_field(9, "png"))), HasSubstr("holds bytes"));
  EXPECT_THAT(why_not(entry("values", bytes_field(2, bytes_field(1, "abc")))), HasSubstr("cut off"));
  EXPECT_THAT(why_not(entry("a", bytes_field(7, "\x08\x05")) + entry("b", bytes_field(7, "\x08\x05"))),
              HasSubstr("several names"));
}

TEST(record, a_tensor_is_bounded) {
  std::string at_the_edge, beyond;
  append_features(at_the_edge, std::vector<float>(tensor_values_max));
  append_features(beyond, std::vector<float>(tensor_values_max + 1));
  EXPECT_EQ(parsed(at_the_edge).features.values.size(), tensor_values_max);
  EXPECT_THAT(why_not(beyond), HasSubstr("more than 1000000 values"));
}

}  // namespace
}  // namespace mdlc::runner::records
