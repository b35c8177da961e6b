#include "runner/algorithms/data.h"

#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runner/records/recordio.h"
#include "runner/testing.h"

namespace mdlc::runner::algorithms {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const content csv{.format = row_format::csv}, unlabelled{.format = row_format::csv, .label_columns = 0}, of_records{};

std::string record(std::vector<float> features, std::vector<float> label = {}) {
  std::string message, out;
  records::append_features(message, features);
  if (!label.empty()) records::append_label(message, "values", label);
  records::append_recordio(out, message);
  return out;
}

// {0: 1} in a row that wide, which is to be below 128.
std::string sparse(char width) {
  const std::string tensor{"\x0a\x04\0\0\x80\x3f\x12\x01\0\x1a\x01", 11};
  const auto field = [](char tag, const std::string& content) {
    return std::string{tag, static_cast<char>(content.size())} + content;
  };
  std::string out;
  records::append_recordio(out, field(10, field(10, "values") + field(18, field(18, tensor + width))));
  return out;
}

class channels : public testing::Test {
 protected:
  temporary_folder folder;
  void add(std::string_view name, std::string_view content) { std::ofstream{folder / name} << content; }
  std::string why_not(const content& c, bool wants_labels = true) {
    const auto read = read_channel(folder.path(), c, wants_labels);
    return read ? "it was read" : read.error().message;
  }
};

TEST(content_types, are_csv_or_records) {
  EXPECT_EQ(read_content_type("text/csv")->label_columns, 1u);
  EXPECT_EQ(read_content_type("text/csv; label_size=0")->label_columns, 0u);
  EXPECT_EQ(read_content_type("TEXT/CSV;label_size=1;charset=utf8")->label_columns, 1u);
  EXPECT_EQ(read_content_type("")->format, row_format::recordio);
  EXPECT_EQ(read_content_type("application/x-recordio-protobuf")->format, row_format::recordio);
  for (auto wrong : {"csv", "text/libsvm", "text/csv;label_size=2", "text/csv;label_size=", "text/csv;label_size=10"})
    EXPECT_FALSE(read_content_type(wrong)) << wrong;
}

TEST_F(channels, csv_of_several_files_has_its_label_first) {
  add("a", "1,2,3\n\n4,5,6");
  add("b", "7,8,9\n");
  add("_SUCCESS", "no data");
  add(".a.crc", "no data");
  auto read = read_channel(folder.path(), csv, true);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_THAT(read->labels, ElementsAre(1, 4, 7));
  EXPECT_THAT(read->values, ElementsAre(2, 3, 5, 6, 8, 9));
  EXPECT_THAT(read_channel(folder.path(), unlabelled, false)->values, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_THAT(read_channel(folder.path(), csv, false)->values, ElementsAre(2, 3, 5, 6, 8, 9));
}

TEST_F(channels, records_are_dense_or_sparse) {
  add("a", record({1, 2}, {3}) + record({4, 5}, {6}));
  auto read = read_channel(folder.path(), of_records, true);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_THAT(read->labels, ElementsAre(3, 6));
  EXPECT_THAT(read->values, ElementsAre(1, 2, 4, 5));
  add("b", sparse(2));
  EXPECT_THAT(read_channel(folder.path(), of_records, false)->values, ElementsAre(1, 2, 4, 5, 1, 0));
}

TEST_F(channels, what_sparse_rows_become_is_bounded) {
  add("a", sparse(100) + sparse(100));
  EXPECT_TRUE(read_channel(folder.path(), of_records, false, 200));
  const auto read = read_channel(folder.path(), of_records, false, 199);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("Unable to read record 2 of file"));
  EXPECT_THAT(read.error().message, HasSubstr("more than 199 values"));
}

TEST_F(channels, csv_that_cannot_be_read_says_where) {
  const struct {
    const char *content, *why;
  } cases[] = {
      {"", "No data in channel"},
      {"1\n", "1 columns, of which 1 the label"},
      {"1,2\n1,2,3\n", "rows 1-1000"},
      {"1,2\nx,2\n", "line 2: 'x' is not a number"},
      {"1,2\n,2\n", "line 2: the label is missing or not finite"},
      {"1,2\n\n1,nan\n", "line 3: the value of a feature is missing or not finite"},
  };
  for (const auto& c : cases) {
    add("a", c.content);
    EXPECT_THAT(why_not(csv), HasSubstr(c.why)) << c.content;
  }
  add("a", "1,2\n");
  add("b", "1,2,3\n");
  EXPECT_THAT(why_not(csv), HasSubstr("2 features, where the files before have 1"));
  EXPECT_THAT(why_not(unlabelled), HasSubstr("has no label"));
}

TEST_F(channels, records_that_cannot_be_read_say_which) {
  const struct {
    std::string content;
    const char* why;
  } cases[] = {
      {record({1}, {2}) + "x", "record 2"},
      {record({1}), "record 1 of file"},
      {record({1}, {2, 3}), "2 labels, where one is read"},
      {record({1}, {NAN}), "the label is not finite"},
      {record({INFINITY}, {1}), "the value of a feature is not finite"},
      {record({}, {1}), "no features"},
      {record({1}, {1}) + record({1, 2}, {1}), "2 features, where the records before have 1"},
  };
  for (const auto& c : cases) {
    add("a", c.content);
    EXPECT_THAT(why_not(of_records), HasSubstr(c.why));
  }
}

}  // namespace
}  // namespace mdlc::runner::algorithms
