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
  const splitting how{.format = record_format::line, .max_payload_bytes = 5};
  EXPECT_THAT(requests("a\nb\nc\nd\n", how), ElementsAre("a\nb\nc", "d"));
  EXPECT_THAT(requests("aa\nbb\ncc", how), ElementsAre("aa\nbb", "cc"));
  EXPECT_THAT(requests("aaaaa\nb\n", how), ElementsAre("aaaaa", "b"));
  EXPECT_THAT(requests("a\r\nb\r\n", how), ElementsAre("a\nb"));
  EXPECT_THAT(requests("a\n\nb", how), ElementsAre("a\n\nb"));
  EXPECT_THAT(requests("", how), ElementsAre());
}

TEST(records, a_line_has_its_bound) {
  const splitting how{.format = record_format::line, .max_payload_bytes = 5};
  const auto error = "error: Too much data for max payload size of 5 bytes";
  EXPECT_THAT(requests("a\n12345\nb\n", how), ElementsAre("a", "12345", "b"));
  EXPECT_THAT(requests("a\n123456\nb\n", how), ElementsAre("a", error));
  EXPECT_THAT(requests("123456", how), ElementsAre(error));
  EXPECT_THAT(requests(std::string(1 << 20, 'x'), how), ElementsAre(error));
}

TEST(records, one_at_a_time) {
  EXPECT_THAT(requests("a\nb\nc", {.format = record_format::line, .one_at_a_time = true}), ElementsAre("a", "b", "c"));
}

TEST(records, larger_than_any_buffer_they_stay_whole) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += fmt::format("line {}\n", i);
  const splitting how{.format = record_format::line, .max_payload_bytes = 100'000};
  std::string together;
  for (const auto& body : requests(text, how)) {
    EXPECT_LE(body.size(), 100'000u);
    together += body + "\n";
  }
  EXPECT_EQ(together, text);
}

TEST(records, are_passed_over_where_bytes_are_asked_for) {
  std::string text, got;
  for (int i = 0; i < 100'000; ++i) text += fmt::format("line {}\n", i);
  record_reader reader{content_of(text), {.max_payload_bytes = 4}};
  for (auto bytes = reader.some(); bytes && !bytes->empty(); bytes = reader.some()) got += *bytes;
  EXPECT_EQ(got, text);
}

TEST(records, know_where_they_stand) {
  record_reader reader{content_of("ab\n\ncd\n"), {.format = record_format::line}};
  const auto b = reader.next();
  ASSERT_TRUE(b && *b);
  ASSERT_EQ((*b)->records.size(), 3u);
  EXPECT_EQ((*b)->record(0), "ab");
  EXPECT_EQ((*b)->record(1), "");
  EXPECT_EQ((*b)->record(2), "cd");
}

std::string number(uint64_t value, size_t bytes) {
  std::string out;
  for (size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

const auto magic = number(0xced7230a, 4);

// A part of RecordIO, of that kind.
std::string part(std::string_view content, uint32_t kind = 0) {
  return magic + number(kind << 29 | content.size(), 4) + std::string{content} +
         std::string((4 - content.size() % 4) % 4, '\0');
}

// The checksums are nobody's here.
std::string tf(std::string_view content) { return number(content.size(), 8) + "llll" + std::string{content} + "dddd"; }

TEST(records, recordio_keeps_its_frames_where_there_are_several) {
  const auto a = part("12345"), b = part("678", 1) + part("9", 2) + part("", 3), c = part("x");
  EXPECT_THAT(requests(a + b + c, {.format = record_format::recordio}), ElementsAre(a + b + c));
  const auto two = static_cast<int64_t>(a.size() + b.size());
  EXPECT_THAT(requests(a + b + c, {.format = record_format::recordio, .max_payload_bytes = two}),
              ElementsAre(a + b, c));
  EXPECT_THAT(requests(a + b + c, {.format = record_format::recordio, .max_payload_bytes = two - 1}),
              ElementsAre(a, b + c));
  EXPECT_THAT(requests("", {.format = record_format::recordio}), ElementsAre());
}

TEST(records, recordio_is_taken_out_of_its_frame_where_it_is_alone) {
  const splitting how{.format = record_format::recordio, .one_at_a_time = true};
  EXPECT_THAT(requests(part("12345") + part("ab", 1) + part("c", 3) + part(""), how),
              ElementsAre("12345", "ab" + magic + "c", ""));
}

TEST(records, tfrecord_in_its_frame_and_out_of_it) {
  EXPECT_THAT(requests(tf("one") + tf("") + tf("three"), {.format = record_format::tfrecord}),
              ElementsAre(tf("one") + tf("") + tf("three")));
  const splitting how{.format = record_format::tfrecord, .one_at_a_time = true};
  EXPECT_THAT(requests(tf("one") + tf("") + tf("three"), how), ElementsAre("one", "", "three"));
}

TEST(records, a_framed_record_has_its_bound_without_its_frame) {
  for (const auto format : {record_format::recordio, record_format::tfrecord}) {
    const auto framed = [&](std::string_view text) {
      return format == record_format::tfrecord ? tf(text) : part(text);
    };
    const splitting how{.format = format, .max_payload_bytes = 5};
    const auto error = "error: Too much data for max payload size of 5 bytes";
    EXPECT_THAT(requests(framed("12345") + framed("1"), how), ElementsAre(framed("12345"), framed("1")));
    EXPECT_THAT(requests(framed("1") + framed("123456"), how), ElementsAre(framed("1"), error));
  }
}

TEST(records, larger_than_any_buffer_framed_ones_stay_whole) {
  std::string text;
  std::vector<std::string> expected;
  for (int i = 0; i < 40; ++i) {
    expected.push_back(std::string(static_cast<size_t>(i) * 9'999, static_cast<char>('a' + i % 26)));
    text += part(expected.back());
  }
  EXPECT_EQ(requests(text, {.format = record_format::recordio, .one_at_a_time = true}), expected);
}

TEST(records, what_is_no_frame_is_an_error) {
  const splitting recordio{.format = record_format::recordio}, tfrecord{.format = record_format::tfrecord};
  EXPECT_THAT(requests("nothing of it", recordio), ElementsAre("error: The input is not RecordIO"));
  EXPECT_THAT(requests(part("a", 2), recordio), ElementsAre("error: The input is not RecordIO"));
  EXPECT_THAT(requests(part("a", 1) + part("b"), recordio), ElementsAre("error: The input is not RecordIO"));
  EXPECT_THAT(requests(part("a", 4), recordio), ElementsAre("error: The input is not RecordIO"));
  EXPECT_THAT(requests("a line of text\n", tfrecord), ElementsAre("error: The input is not TFRecord"));
  for (const auto cut : {size_t{1}, size_t{4}, size_t{9}}) {
    const auto r = part("1234"), t = tf("1234");
    EXPECT_THAT(requests(r.substr(0, r.size() - cut), recordio), ElementsAre("error: The input ends within a record"));
    EXPECT_THAT(requests(t.substr(0, t.size() - cut), tfrecord), ElementsAre("error: The input ends within a record"));
  }
}

TEST(records, what_is_no_gzip_is_an_error) {
  EXPECT_THAT(requests("plain", {.format = record_format::line, .is_gzipped = true}),
              ElementsAre("error: this is not gzip"));
}

}  // namespace
}  // namespace mdlc::services::sagemaker
