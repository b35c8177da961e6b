#include "runner/algorithms/kmeans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runner/algorithms/clustering.h"
#include "runner/records/recordio.h"

namespace mdlc::runner::algorithms {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

bool never() { return false; }

TEST(clustering, centers_move_to_the_middle_of_their_points) {
  const std::vector<double> values{0, 1, 10, 12}, weights{1, 3, 1, 1};
  std::vector<double> centers{0, 10};
  EXPECT_DOUBLE_EQ(move_centers(points<double>{values, 1}, centers, {}, never), 0.5 + 2);
  EXPECT_THAT(centers, ElementsAre(0.5, 11));
  move_centers(points<double>{values, 1, weights}, centers, {}, never);
  EXPECT_THAT(centers, ElementsAre(0.75, 11));
  // No iterations: what there is is measured.
  centers = {0, 10};
  EXPECT_DOUBLE_EQ(move_centers(points<double>{values, 1}, centers, {.iterations = 0}, never), 1 + 4);
  EXPECT_THAT(centers, ElementsAre(0, 10));
}

TEST(clustering, chosen_centers_are_points_and_as_many_as_asked_for) {
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  for (bool plus_plus : {false, true})
    for (size_t k = 1; k <= 6; ++k) {
      chance c{k};
      auto chosen = choose_centers(points<float>{values, 1}, k, plus_plus, c);
      std::sort(chosen.begin(), chosen.end());
      EXPECT_EQ(chosen.size(), k);
      EXPECT_EQ(std::unique(chosen.begin(), chosen.end()), chosen.end()) << k;
      EXPECT_TRUE(chosen.front() >= 1 && chosen.back() <= 6);
    }
  chance c{1};  // fewer different points than centers
  EXPECT_THAT(choose_centers(points<float>{std::vector<float>{7, 7, 7}, 1}, 2, true, c), ElementsAre(7, 7));
}

class answering : public testing::Test {
 protected:
  kmeans_model model{{0, 0, 3, 4}, 2};
  serving::inference_answer ask(std::string_view body, std::string_view accept = "",
                                std::string_view type = "text/csv") {
    return infer(model, {.content_type = type, .accept = accept, .body = body});
  }
};

TEST_F(answering, each_format_says_the_same) {
  EXPECT_EQ(ask("0,0\n3,3\n").body, R"({"predictions": [{"closest_cluster": 0.0, "distance_to_cluster": 0.0}, )"
                                    R"({"closest_cluster": 1.0, "distance_to_cluster": 1.0}]})");
  EXPECT_EQ(ask("3,3", "application/jsonlines").body, "{\"closest_cluster\": 1.0, \"distance_to_cluster\": 1.0}\n");
  EXPECT_EQ(ask("0,0\n3,3\n", "text/csv").body, "0.0,0.0\n1.0,1.0\n");
  EXPECT_EQ(ask("0,0\n3,3\n", "*/*").content_type, "application/json");
  const auto as_records = ask("3,3", "application/x-recordio-protobuf").body;
  records::recordio_reader reader{as_records};
  std::string_view one;
  EXPECT_TRUE(reader.next(one).value_or(false));
  EXPECT_THAT(std::string{one}, HasSubstr("distance_to_cluster"));
  EXPECT_FALSE(reader.next(one).value_or(true));
}

TEST_F(answering, json_is_dense_or_sparse) {
  const auto expected = ask("3,0\n").body;
  for (auto body : {R"({"instances": [{"features": [3, 0]}]})", R"({"instances": [{"features": {"values": [3, 0]}}]})",
                    R"({"instances": [{"data": {"features": {"values": [3.0, 0]}}}]})",
                    R"({"instances": [{"data": {"features": {"keys": [0], "values": [3], "shape": [2]}}}]})"})
    EXPECT_EQ(ask(body, "", "application/json").body, expected) << body;
  EXPECT_EQ(ask("{\"features\": [3, 0]}\n\n", "", "application/jsonlines").body, expected);
  EXPECT_EQ(ask("7,3,0\n", "", "text/csv;label_size=1").body, expected);
}

TEST_F(answering, what_cannot_be_answered_is_refused) {
  const struct {
    const char *body, *accept, *type;
    int status;
  } cases[] = {
      {"1,2,3", "", "text/csv", 400},
      {"1", "", "text/csv", 400},
      {"1,nan", "", "text/csv", 400},
      {"a,b", "", "text/csv", 400},
      {"1,2", "", "text/libsvm", 415},
      {"1,2", "image/png", "text/csv", 406},
      {"[]", "", "application/json", 400},
      {R"({"instances": 1})", "", "application/json", 400},
      {R"({"instances": [1]})", "", "application/json", 400},
      {R"({"instances": [{"features": 1}]})", "", "application/json", 400},
      {R"({"instances": [{"features": [1e999, 1]}]})", "", "application/json", 400},
      {R"({"instances": [{"features": {"keys": [-1], "values": [1], "shape": [2]}}]})", "", "application/json", 400},
      {R"({"instances": [{"features": {"keys": [0], "values": [1], "shape": [1000000]}}]})", "", "application/json",
       400},
      {"\n[", "", "application/jsonlines", 400},
      {"xxxxxxxx", "", "application/x-recordio-protobuf", 400},
  };
  for (const auto& c : cases) EXPECT_EQ(ask(c.body, c.accept, c.type).status, c.status) << c.body;
}

TEST_F(answering, a_line_that_cannot_be_read_is_named) {
  EXPECT_EQ(ask("1,2\n\n1,x\n").body, "unable to evaluate payload provided: line 3: 'x' is not a number");
}

TEST(models, are_read_as_they_were_written) {
  const auto again = kmeans_model::from_json(kmeans_model{{0.1, 1e-30, 3, 1e30}, 2}.to_json());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->centers(), 2u);
  for (auto broken :
       {"{}", R"({"algorithm": "kmeans"})", R"({"algorithm": "kmeans", "centers": []})",
        R"({"algorithm": "kmeans", "centers": [[]]})", R"({"algorithm": "kmeans", "centers": [[1], [1, 2]]})",
        R"({"algorithm": "kmeans", "centers": [["1"]]})", R"({"algorithm": "linear-learner", "centers": [[1]]})"})
    EXPECT_FALSE(kmeans_model::from_json(*json::parse(broken))) << broken;
}

}  // namespace
}  // namespace mdlc::runner::algorithms
