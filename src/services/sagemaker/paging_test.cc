#include "services/sagemaker/paging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mdlc::services::sagemaker {
namespace {

using testing::ElementsAre;

const std::vector<listed> jobs{{"b", "Completed", 10, 20}, {"a", "Failed", 20, 25}, {"c", "Completed", 30, 30}};

std::vector<std::string> names(const std::vector<listed>& all) {
  std::vector<std::string> out;
  for (const auto& l : all) out.push_back(l.name);
  return out;
}

std::vector<std::string> names(const page& p, std::vector<listed> of = jobs) {
  std::optional<std::string> token;
  return names(cut(std::move(of), p, token));
}

TEST(paging, orders) {
  page p{.sort_by = "CreationTime"};
  EXPECT_THAT(names(p), ElementsAre("c", "a", "b"));
  p.is_descending = false;
  EXPECT_THAT(names(p), ElementsAre("b", "a", "c"));
  p.sort_by = "Name";
  EXPECT_THAT(names(p), ElementsAre("a", "b", "c"));
  p.sort_by = "Status";
  EXPECT_THAT(names(p), ElementsAre("b", "c", "a"));
}

TEST(paging, filters) {
  const auto with = [](auto change) {
    page p{.sort_by = "Name", .is_descending = false};
    change(p);
    return names(p);
  };
  EXPECT_THAT(with([](page& p) { p.name_contains = "b"; }), ElementsAre("b"));
  EXPECT_THAT(with([](page& p) { p.status = "Completed"; }), ElementsAre("b", "c"));
  EXPECT_THAT(with([](page& p) { p.created_after_ms = 20; }), ElementsAre("a", "c"));
  EXPECT_THAT(with([](page& p) { p.created_before_ms = 20; }), ElementsAre("a", "b"));
  EXPECT_THAT(with([](page& p) { p.modified_after_ms = 26; }), ElementsAre("c"));
  EXPECT_THAT(with([](page& p) { p.modified_before_ms = 24; }), ElementsAre("b"));
}

TEST(paging, a_page_begins_where_the_last_one_ended_whatever_came_or_went_before_it) {
  page p{.sort_by = "CreationTime", .size = 2};
  std::optional<std::string> token;
  EXPECT_THAT(names(cut(jobs, p, token)), ElementsAre("c", "a"));
  ASSERT_TRUE(token);
  p.after = read_token(token).value();
  token.reset();
  auto later = jobs;
  later.push_back({"d", "InProgress", 40, 40});
  EXPECT_THAT(names(cut(later, p, token)), ElementsAre("b"));
  EXPECT_FALSE(token);
  later.erase(later.begin() + 1);  // the last one of the first page
  EXPECT_THAT(names(cut(later, p, token)), ElementsAre("b"));
}

TEST(paging, a_page_that_is_just_full_is_the_last) {
  std::optional<std::string> token;
  EXPECT_EQ(cut(jobs, {.sort_by = "Name", .size = 3}, token).size(), 3u);
  EXPECT_FALSE(token);
}

TEST(paging, a_page_may_be_cut_before_its_status_is_looked_at) {
  page p{.sort_by = "CreationTime", .size = 2, .status = "Completed"};
  EXPECT_THAT(names(p), ElementsAre("c", "b"));
  p.cuts_before_status = true;
  std::optional<std::string> token;
  EXPECT_THAT(names(cut(jobs, p, token)), ElementsAre("c"));
  p.after = read_token(token).value();
  EXPECT_THAT(names(p), ElementsAre("b"));
}

TEST(paging, tokens_that_are_none_of_ours) {
  EXPECT_FALSE(read_token(std::nullopt).value());
  EXPECT_FALSE(read_token("").value());
  for (const auto* text : {"x", "7", "[]", R"(["a","b"])", R"(["a",1,2])", R"([1,"a",2])", R"(["a","b","c"])"}) {
    const auto read = read_token(base::to_base64(text));
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, "ValidationException");
    EXPECT_EQ(read.error().message, "Invalid NextToken");
  }
  EXPECT_FALSE(read_token("no base64!"));
}

}  // namespace
}  // namespace mdlc::services::sagemaker
