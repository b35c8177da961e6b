#include "services/sagemaker/records.h"

#include <cstdlib>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sys/files.h"

namespace mdlc::services::sagemaker {
namespace {

using testing::ElementsAre;

blob::slice content_of(std::string_view text) {
  char name[] = "/tmp/mdlc-test-XXXXXX";
  auto file = std::make_shared<sys::descriptor>(mkostemp(name, O_CLOEXEC));
  unlink(name);
  EXPECT_EQ(write(file->get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  lseek(file->get(), 0, SEEK_SET);
  return {file, 0, static_cast<int64_t>(text.size())};
}

// The bodies of the requests, or the error last.
std::vector<std::string> requests(std::string_view text, const splitting& how) {
  record_reader reader{content_of(text), how};
  std::vector<std::string> out;
  while (true) {
    auto b = reader.next();
    if (!b) {
      out.push_back("error: " + b.error().message);
      return out;
    }
    if (!*b) return out;
    out.push_back((*b)->body);
  }
}

TEST(records, an_unsplit_object_is_one_request) {
  EXPECT_THAT(requests("a\nb\n", {}), ElementsAre("a\nb\n"));
  EXPECT_THAT(requests("", {}), ElementsAre());
}

TEST(records, an_unsplit_object_has_its_bound) {
  const splitting how{.max_payload_bytes = 4};
  EXPECT_THAT(requests("1234", how), ElementsAre("1234"));
  EXPECT_THAT(requests("12345", how), ElementsAre("error: Too much data for max payload size of 4 bytes"));
}

TEST(records, lines_fill_requests) {
  const splitting how{.by_line = true, .max_payload_bytes = 5};
  EXPECT_THAT(requests("a\nb\nc\nd\n", how), ElementsAre("a\nb\nc", "d"));
  EXPECT_THAT(requests("aa\nbb\ncc", how), ElementsAre("aa\nbb", "cc"));
  EXPECT_THAT(requests("aaaaa\nb\n", how), ElementsAre("aaaaa", "b"));
  EXPECT_THAT(requests("a\r\nb\r\n", how), ElementsAre("a\nb"));
  EXPECT_THAT(requests("a\n\nb", how), ElementsAre("a\n\nb"));
  EXPECT_THAT(requests("", how), ElementsAre());
}

TEST(records, a_line_has_its_bound) {
  const splitting how{.by_line = true, .max_payload_bytes = 5};
  const auto error = "error: Too much data for max payload size of 5 bytes";
  EXPECT_THAT(requests("a\n12345\nb\n", how), ElementsAre("a", "12345", "b"));
  EXPECT_THAT(requests("a\n123456\nb\n", how), ElementsAre("a", error));
  EXPECT_THAT(requests("123456", how), ElementsAre(error));
  EXPECT_THAT(requests(std::string(1 << 20, 'x'), how), ElementsAre(error));
}

TEST(records, one_at_a_time) {
  EXPECT_THAT(requests("a\nb\nc", {.by_line = true, .one_at_a_time = true}), ElementsAre("a", "b", "c"));
}

TEST(records, larger_than_any_buffer_they_stay_whole) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += fmt::format("line {}\n", i);
  const splitting how{.by_line = true, .max_payload_bytes = 100'000};
  std::string together;
  for (const auto& body : requests(text, how)) {
    EXPECT_LE(body.size(), 100'000u);
    together += body + "\n";
  }
  EXPECT_EQ(together, text);
}

TEST(records, know_where_they_stand) {
  record_reader reader{content_of("ab\n\ncd\n"), {.by_line = true}};
  const auto b = reader.next();
  ASSERT_TRUE(b && *b);
  ASSERT_EQ((*b)->records.size(), 3u);
  EXPECT_EQ((*b)->record(0), "ab");
  EXPECT_EQ((*b)->record(1), "");
  EXPECT_EQ((*b)->record(2), "cd");
}

TEST(records, what_is_no_gzip_is_an_error) {
  EXPECT_THAT(requests("plain", {.by_line = true, .is_gzipped = true}), ElementsAre("error: this is not gzip"));
}

}  // namespace
}  // namespace mdlc::services::sagemaker
