#include "runner/xgboost/libsvm.h"

#include <cmath>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mdlc::runner::xgboost {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string refused(std::string_view text, libsvm_rows kind = libsvm_rows::labelled) {
  sparse_table t;
  const auto read = append_libsvm(t, text, kind);
  return read ? "" : read.error().message;
}

TEST(libsvm, rows_become_entries) {
  sparse_table t;
  ASSERT_TRUE(append_libsvm(t, "1 0:0.5 3:-2e1\n-1.5\t2:1\r\n\n# nothing\n0 # no features\n7 1:nan", {}));
  EXPECT_THAT(t.row_starts, ElementsAre(0, 2, 3, 3, 4));
  EXPECT_THAT(t.indices, ElementsAre(0, 3, 2, 1));
  EXPECT_THAT(t.values, ElementsAre(0.5f, -20, 1, testing::IsNan()));
  EXPECT_THAT(t.labels, ElementsAre(1, -1.5f, 0, 7));
  EXPECT_EQ(t.rows(), 4u);
  EXPECT_EQ(t.features, 4u);
  EXPECT_THAT(t.weights, IsEmpty());
  EXPECT_THAT(t.query_ids, IsEmpty());
}

TEST(libsvm, weights_and_query_ids_are_kept) {
  sparse_table weighted, queried;
  ASSERT_TRUE(append_libsvm(weighted, "1:0.5 0:1\n0:2 0:1\n", {}));
  EXPECT_THAT(weighted.weights, ElementsAre(0.5f, 2));
  ASSERT_TRUE(append_libsvm(queried, "1 qid:3 0:1\n0 qid:3\n0 qid:4294967295 0:1", {}));
  EXPECT_THAT(queried.query_ids, ElementsAre(3, 3, 4294967295u));
}

TEST(libsvm, a_row_is_sorted_by_index) {
  sparse_table t;
  ASSERT_TRUE(append_libsvm(t, "1 0:9\n1 5:50 1:10 3:30\n", {}));
  EXPECT_THAT(t.indices, ElementsAre(0, 1, 3, 5));
  EXPECT_THAT(t.values, ElementsAre(9, 10, 30, 50));
}

TEST(libsvm, for_inference_the_label_may_be_left_out) {
  sparse_table t;
  ASSERT_TRUE(append_libsvm(t, "1 0:5\n0:6 2:7\n3\n", libsvm_rows::unknown));
  EXPECT_THAT(t.row_starts, ElementsAre(0, 1, 3, 3));
  EXPECT_THAT(t.indices, ElementsAre(0, 0, 2));
  EXPECT_THAT(t.labels, IsEmpty());
  EXPECT_EQ(refused("1 qid:1 0:5", libsvm_rows::unknown), "line 1: 'qid:1' is not index:value");
  EXPECT_EQ(refused("a 0:5", libsvm_rows::unknown), "line 1: the label 'a' is not a number");
}

TEST(libsvm, an_index_has_a_bound) {
  EXPECT_EQ(refused(fmt::format("1 {}:1", columns_max - 1)), "");
  EXPECT_EQ(refused(fmt::format("1 {}:1", columns_max)), "line 1: the index in '1000000:1' is not below 1000000");
  EXPECT_EQ(refused("1 4294967296:1"), "line 1: the index in '4294967296:1' is not below 1000000");
  EXPECT_EQ(refused("1 99999999999999999999:1"), "line 1: the index in '99999999999999999999:1' is not below 1000000");
}

TEST(libsvm, errors_name_the_line) {
  const struct {
    const char *text, *words;
  } cases[] = {
      {"1 0:1\n\nlabel 0:1\n", "line 3: the label 'label' is not a finite number"},
      {"nan 0:1", "line 1: the label 'nan' is not a finite number"},
      {":1 0:1", "line 1: the label ':1' is not a finite number"},
      {"1,2,3\n", "line 1: the label '1,2,3' is not a finite number"},
      {"1: 0:1", "line 1: the weight in '1:' is not a finite number from 0 on"},
      {"1:-1 0:1", "line 1: the weight in '1:-1' is not a finite number from 0 on"},
      {"1:2:3 0:1", "line 1: the weight in '1:2:3' is not a finite number from 0 on"},
      {"1 0:1\n1 0\n", "line 2: '0' is not index:value"},
      {"1 :1", "line 1: ':1' is not index:value"},
      {"1 0:", "line 1: '0:' is not index:value"},
      {"1 0:1:2", "line 1: '0:1:2' is not index:value"},
      {"1 0:x", "line 1: '0:x' is not index:value"},
      {"1 -1:1", "line 1: '-1:1' is not index:value"},
      {"1 +1:1", "line 1: '+1:1' is not index:value"},
      {"1 1.0:1", "line 1: '1.0:1' is not index:value"},
      {"1 0:1\x01", "line 1: '0:1\\x01' is not index:value"},
      {"1 0:1 2:1 0:2", "line 1: the index 0 stands there twice"},
      {"1:2 0:1\n1 0:1", "line 2: some rows have a weight and some none"},
      {"1 0:1\n1:2 0:1", "line 2: some rows have a weight and some none"},
      {"1 qid:1 0:1\n1 0:1", "line 2: some rows have a qid and some none"},
      {"1 0:1\n1 qid:1 0:1", "line 2: some rows have a qid and some none"},
      {"1 qid:2 0:1\n1 qid:1 0:1", "line 2: qid 1 after 2: rows must be sorted by qid"},
      {"1 qid:4294967296 0:1", "line 1: 'qid:4294967296' is not qid: and a number of 32 bits"},
      {"1 qid: 0:1", "line 1: 'qid:' is not qid: and a number of 32 bits"},
      {"1 0:1 qid:1", "line 1: 'qid:1' is not index:value"},
      {"1:1 qid:1 0:1", "line 1: a weight beside a qid: weights are a query's there, not a row's"},
  };
  for (const auto& c : cases) EXPECT_EQ(refused(c.text), c.words);
}

}  // namespace
}  // namespace mdlc::runner::xgboost
