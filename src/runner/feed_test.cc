// Pipes that are fed as a supervisor does it, read by this process; job_test.cc has one inside bubblewrap.
#include "runner/feed.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/testing.h"

namespace mdlc::runner {
namespace {

using testing::ElementsAre;

std::string le32(uint32_t n) { return {reinterpret_cast<const char*>(&n), sizeof n}; }

class feeds : public testing::Test {
 protected:
  temporary_folder base;
  feed one{base / "train", base / "feed", false, false, {}};
  std::unique_ptr<feeding> running;

  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);  // as a supervisor does
    std::filesystem::create_directory(base / "feed");
  }
  void add(const std::string& name, std::string_view content) {
    std::ofstream{one.folder / name, std::ios::binary} << content;
  }
  void add_compressed(const std::string& name, const std::string& content) {
    add(name + ".plain", content);
    const auto command = fmt::format("gzip -c {0}.plain > {0}", (one.folder / name).string());
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  void begin() {
    auto prepared = feeding::prepare({&one, 1});
    ASSERT_TRUE(prepared) << prepared.error().message;
    running = *std::move(prepared);
    running->begin();
  }
  sys::path pipe_of(int epoch) const { return fmt::format("{}_{}", one.pipe.string(), epoch); }
  std::string read_epoch(int epoch) {
    const auto path = pipe_of(epoch);
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(path); })) << path;
    return sys::read_file(path).value_or("?");
  }
  // Reads the first epoch's pipe, which brings `before`, then nothing, and no end.
  sys::descriptor read_until_it_fails(std::string_view before) {
    sys::descriptor reader{open(pipe_of(0).c_str(), O_RDONLY | O_CLOEXEC)};
    pollfd waiting{running->failed_fd(), POLLIN, 0};
    EXPECT_EQ(poll(&waiting, 1, 20'000), 1);
    char bytes[64];
    fcntl(reader.get(), F_SETFL, O_NONBLOCK);
    const auto got = before.empty() ? 0 : read(reader.get(), bytes, sizeof bytes);
    EXPECT_EQ(std::string_view(bytes, static_cast<size_t>(std::max<ssize_t>(got, 0))), before);
    EXPECT_EQ(read(reader.get(), bytes, sizeof bytes), -1);
    EXPECT_EQ(errno, EAGAIN);
    return reader;
  }
};

TEST_F(feeds, objects_follow_each_other_in_every_epoch) {
  add("0", "first\n"), add("1", ""), add("2", "third\n");
  add(feed_records_file, "[0]\n[1]\n[2]\n");
  begin();
  for (int epoch = 0; epoch < 4; ++epoch) EXPECT_EQ(read_epoch(epoch), "first\nthird\n") << epoch;
}

TEST_F(feeds, the_next_pipe_is_there_before_a_read_one_ends_and_a_read_one_is_gone) {
  add("0", "x"), add(feed_records_file, "[0]\n");
  begin();
  const sys::descriptor reader{open(pipe_of(0).c_str(), O_RDONLY | O_CLOEXEC)};
  char bytes[8];
  ASSERT_EQ(read(reader.get(), bytes, sizeof bytes), 1);
  EXPECT_TRUE(std::filesystem::exists(pipe_of(1)));
  ASSERT_EQ(read(reader.get(), bytes, sizeof bytes), 0);
  EXPECT_FALSE(std::filesystem::exists(pipe_of(0)));
  struct stat about;
  ASSERT_EQ(stat(pipe_of(1).c_str(), &about), 0);
  EXPECT_TRUE(S_ISFIFO(about.st_mode));
  EXPECT_EQ(about.st_mode & 0777u, 0644u);
}

TEST_F(feeds, a_reader_that_closes_early_begins_the_next_epoch) {
  add("0", std::string(16 << 20, 'a')), add("1", "end"), add(feed_records_file, "[0]\n[1]\n");
  begin();
  for (int epoch = 0; epoch < 2; ++epoch) {
    const auto path = pipe_of(epoch);
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(path); }));
    const sys::descriptor reader{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    char byte;
    ASSERT_EQ(read(reader.get(), &byte, 1), 1);
  }
  EXPECT_EQ(read_epoch(2), std::string(16 << 20, 'a') + "end");
}

TEST_F(feeds, it_ends_while_nobody_reads_and_while_a_reader_dawdles) {
  add("0", std::string(16 << 20, 'a')), add(feed_records_file, "[0]\n");
  begin();
  running.reset();  // waiting for a reader
  std::filesystem::remove(pipe_of(0)), std::filesystem::remove(pipe_of(1));
  begin();
  const sys::descriptor reader{open(pipe_of(0).c_str(), O_RDONLY | O_CLOEXEC)};
  char byte;
  ASSERT_EQ(read(reader.get(), &byte, 1), 1);
  running.reset();  // with a full pipe
}

TEST_F(feeds, what_is_compressed_is_unpacked) {
  one.is_gzipped = true;
  add_compressed("0", "first\n"), add_compressed("1", std::string(1 << 20, 'b'));
  add(feed_records_file, "[0]\n[1]\n");
  begin();
  EXPECT_EQ(read_epoch(0), "first\n" + std::string(1 << 20, 'b'));
  EXPECT_EQ(read_epoch(1), "first\n" + std::string(1 << 20, 'b'));
}

TEST_F(feeds, what_is_no_gzip_ends_it_with_its_name) {
  one.is_gzipped = true;
  add_compressed("0", "fine"), add("1", "plain\n");
  add(feed_records_file, "[0]\n[1]\n"), add(feed_sources_file, "\"s3://b/zero\"\n\"s3://b/one\"\n");
  begin();
  const auto reader = read_until_it_fails("fine");
  EXPECT_THAT(running->failure(), testing::StartsWith("s3://b/one: "));
}

TEST_F(feeds, an_object_is_one_recordio_record_padded_to_four_bytes) {
  one.wraps_records = true;
  add("0", "12345"), add("1", ""), add("2", "1234"), add(feed_records_file, "[0]\n[1]\n[2]\n");
  begin();
  const auto magic = le32(0xced7230a);
  EXPECT_EQ(read_epoch(0),
            magic + le32(5) + "12345" + std::string(3, '\0') + magic + le32(0) + magic + le32(4) + "1234");
}

TEST_F(feeds, a_compressed_objects_record_has_the_length_of_what_it_unpacks_to) {
  one.wraps_records = one.is_gzipped = true;
  add_compressed("0", std::string(1'000'001, 'c')), add(feed_records_file, "[0]\n");
  begin();
  const auto expected = le32(0xced7230a) + le32(1'000'001) + std::string(1'000'001, 'c') + std::string(3, '\0');
  EXPECT_TRUE(read_epoch(0) == expected);
  EXPECT_TRUE(read_epoch(1) == expected);
}

TEST_F(feeds, texts_stand_between_objects_and_are_records_of_their_own) {
  add("0", "IMG"), add(feed_records_file, "[0,\"cat\"]\n[0,\"d\\\"og\\u0000\"]\n");
  begin();
  EXPECT_EQ(read_epoch(0), std::string("IMGcatIMGd\"og\0", 14));
  running.reset();
  std::filesystem::remove(pipe_of(1)), std::filesystem::remove(pipe_of(2));
  one.wraps_records = true;
  begin();
  const auto magic = le32(0xced7230a);
  EXPECT_THAT(read_epoch(0), testing::StartsWith(magic + le32(3) + std::string("IMG\0", 4) + magic + le32(3) +
                                                 std::string("cat\0", 4)));
}

TEST_F(feeds, a_record_larger_than_recordio_can_tell_is_refused) {
  one.wraps_records = true;
  add("0", ""), add(feed_records_file, "[0]\n");
  std::filesystem::resize_file(one.folder / "0", recordio_bytes_max + 1);  // sparse
  begin();
  const auto reader = read_until_it_fails("");
  EXPECT_EQ(running->failure(), "object 0: larger than a RecordIO record can be");
}

TEST_F(feeds, a_record_as_large_as_recordio_can_tell_is_given) {
  one.wraps_records = true;
  add("0", ""), add(feed_records_file, "[0]\n");
  std::filesystem::resize_file(one.folder / "0", recordio_bytes_max);
  begin();
  const sys::descriptor reader{open(pipe_of(0).c_str(), O_RDONLY | O_CLOEXEC)};
  char header[8];
  ASSERT_EQ(read(reader.get(), header, sizeof header), 8);
  EXPECT_EQ(std::string(header, 8), le32(0xced7230a) + le32(static_cast<uint32_t>(recordio_bytes_max)));
}

TEST_F(feeds, a_seed_gives_each_epoch_an_order_of_its_own_and_the_same_again) {
  std::string records;
  for (int i = 0; i < 50; ++i) records += fmt::format("[\"{},\"]\n", i);
  add(feed_records_file, records);
  one.seed = 7;
  begin();
  const auto first = read_epoch(0), second = read_epoch(1);
  EXPECT_NE(first, second);
  EXPECT_EQ(first.size(), second.size());
  running.reset();
  std::filesystem::remove(pipe_of(2)), std::filesystem::remove(pipe_of(3));
  begin();
  EXPECT_EQ(read_epoch(0), first);
  EXPECT_EQ(read_epoch(1), second);
}

TEST(epoch_order, is_a_permutation_by_seed_plus_epoch) {
  auto order = epoch_order(1000, 3, 4);
  EXPECT_EQ(order, epoch_order(1000, 4, 3));
  EXPECT_NE(order, epoch_order(1000, 4, 4));
  std::sort(order.begin(), order.end());
  for (uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(order[i], i);
  EXPECT_THAT(epoch_order(1, 9, 0), ElementsAre(0u));
  EXPECT_TRUE(epoch_order(0, 9, 0).empty());
}

TEST_F(feeds, a_name_that_is_taken_is_told) {
  add(feed_records_file, "[]\n");
  std::filesystem::create_directory(pipe_of(0));
  const auto prepared = feeding::prepare({&one, 1});
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().message, "cannot make the pipe train_0: File exists");
}

}  // namespace
}  // namespace mdlc::runner
