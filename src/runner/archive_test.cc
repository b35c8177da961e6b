#include "runner/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/testing.h"

namespace mdlc::runner {
namespace {

struct entry {
  std::string name;
  mode_t type = AE_IFREG;
  std::string content{};  // of a file, or a link's target
  bool hard = false;
};

// A tar as nobody's tool would write it.
void write_tar(const sys::path& to, const std::vector<entry>& entries) {
  archive* a = archive_write_new();
  archive_write_set_format_pax_restricted(a);
  archive_write_add_filter_gzip(a);
  archive_write_open_filename(a, to.c_str());
  for (const auto& e : entries) {
    archive_entry* made = archive_entry_new();
    archive_entry_set_pathname(made, e.name.c_str());
    archive_entry_set_filetype(made, e.type);
    archive_entry_set_perm(made, 0600);
    if (e.hard)
      archive_entry_set_hardlink(made, e.content.c_str());
    else if (e.type == AE_IFLNK)
      archive_entry_set_symlink(made, e.content.c_str());
    else
      archive_entry_set_size(made, static_cast<la_int64_t>(e.content.size()));
    archive_write_header(a, made);
    if (e.type == AE_IFREG && !e.hard) archive_write_data(a, e.content.data(), e.content.size());
    archive_entry_free(made);
  }
  archive_write_close(a);
  archive_write_free(a);
}

class archives : public testing::Test {
 protected:
  temporary_folder base;
  sys::path from = base / "from", into = base / "deep" / "into", file = base / "a.tar.gz";

  void SetUp() override {
    std::filesystem::create_directories(from);
    std::filesystem::create_directories(into);
  }
  base::result<packed> pack_here(const archive_limits& limits = {}) {
    std::ofstream out{file, std::ios::binary};
    return pack(
        from,
        [&](std::string_view bytes) -> base::result<void> {
          out << bytes;
          return {};
        },
        limits);
  }
  base::result<void> unpack_here(const archive_limits& limits = {}) {
    sys::descriptor in{open(file.c_str(), O_RDONLY)};
    return unpack(in.get(), into, {}, limits);
  }
  std::string content(const sys::path& of) { return sys::read_file(of).value_or("(none)"); }
};

TEST_F(archives, what_is_packed_comes_back) {
  std::filesystem::create_directories(from / "sub" / "empty");
  std::ofstream{from / "model"} << "weights";
  std::ofstream{from / "sub" / "other"} << std::string(600'000, 'x');
  std::filesystem::create_symlink("../model", from / "sub" / "link");
  const auto p = pack_here();
  ASSERT_TRUE(p) << p.error().message;
  EXPECT_EQ(p->entries, 5u);
  EXPECT_EQ(p->bytes, 600'007);
  ASSERT_TRUE(unpack_here());
  EXPECT_EQ(content(into / "model"), "weights");
  EXPECT_EQ(content(into / "sub" / "link"), "weights");
  EXPECT_EQ(content(into / "sub" / "other").size(), 600'000u);
  EXPECT_TRUE(std::filesystem::is_directory(into / "sub" / "empty"));
}

TEST_F(archives, an_empty_folder_is_an_empty_archive) {
  ASSERT_TRUE(pack_here());
  EXPECT_TRUE(unpack_here());
  EXPECT_TRUE(std::filesystem::is_empty(into));
}

TEST_F(archives, the_same_content_gives_the_same_bytes) {
  std::ofstream{from / "b"} << "2";
  std::ofstream{from / "a"} << "1";
  ASSERT_TRUE(pack_here());
  const auto first = content(file);
  ASSERT_TRUE(pack_here());
  EXPECT_EQ(content(file), first);
}

TEST_F(archives, packing_follows_no_link_outside) {
  std::ofstream{base / "secret"} << "secret";
  std::filesystem::create_symlink(base / "secret", from / "absolute");
  std::filesystem::create_symlink("../secret", from / "relative");
  ASSERT_EQ(mkfifo((from / "pipe").c_str(), 0600), 0);
  const auto p = pack_here();
  ASSERT_TRUE(p);
  EXPECT_EQ(p->left_out, 3u);
  EXPECT_EQ(p->entries, 0u);
}

TEST_F(archives, packing_ends_at_its_bounds) {
  std::ofstream{from / "a"} << "12345";
  std::ofstream{from / "b"} << "12345";
  EXPECT_TRUE(pack_here({.bytes = 10, .entries = 2}));
  EXPECT_FALSE(pack_here({.bytes = 9, .entries = 2}));
  EXPECT_FALSE(pack_here({.bytes = 10, .entries = 1}));
}

TEST_F(archives, a_failing_receiver_is_heard) {
  std::ofstream{from / "a"} << std::string(1 << 20, 'x');
  const auto p = pack(from, [](std::string_view) -> base::result<void> { return base::fail("no room"); });
  ASSERT_FALSE(p);
  EXPECT_EQ(p.error().message, "no room");
}

TEST_F(archives, hostile_archives_reach_nothing) {
  const sys::path outside = base / "deep";
  std::ofstream{outside / "victim"} << "as it was";
  const struct {
    const char* what;
    std::vector<entry> entries;
  } cases[] = {
      {"dotdot", {{"../victim", AE_IFREG, "changed"}}},
      {"dotdot inside", {{"a/../../victim", AE_IFREG, "changed"}}},
      {"absolute", {{(outside / "victim").string(), AE_IFREG, "changed"}}},
      {"link outside", {{"l", AE_IFLNK, "../victim"}}},
      {"absolute link", {{"l", AE_IFLNK, (outside / "victim").string()}}},
      {"through a link", {{"a", AE_IFDIR}, {"l", AE_IFLNK, "a/../.."}, {"l/victim", AE_IFREG, "changed"}}},
      {"through a link to a link", {{"a", AE_IFLNK, "."}, {"a/victim", AE_IFREG, "changed"}, {"b", AE_IFLNK, "a/.."}}},
      {"up from a link", {{"a", AE_IFLNK, "."}, {"b", AE_IFLNK, "a/.."}}},
      {"hard link outside", {{"h", AE_IFREG, "../victim", true}, {"h", AE_IFREG, "changed"}}},
      {"device", {{"d", AE_IFCHR}}},
      {"pipe", {{"p", AE_IFIFO}}},
  };
  for (const auto& c : cases) {
    std::filesystem::remove_all(into);
    std::filesystem::create_directory(into);
    write_tar(file, c.entries);
    const auto done = unpack_here();
    EXPECT_FALSE(done) << c.what;
    const auto words = done ? std::string{} : done.error().message;
    EXPECT_EQ(words.find(into.string()), std::string::npos) << words;
    EXPECT_EQ(content(outside / "victim"), "as it was") << c.what;
  }
}

TEST_F(archives, unpacking_ends_at_its_bounds) {
  write_tar(file, {{"a", AE_IFREG, "12345"}, {"b", AE_IFREG, "12345"}});
  EXPECT_TRUE(unpack_here({.bytes = 10, .entries = 2}));
  EXPECT_FALSE(unpack_here({.bytes = 9, .entries = 2}));
  EXPECT_FALSE(unpack_here({.bytes = 10, .entries = 1}));
}

TEST_F(archives, what_is_no_archive_is_said) {
  std::ofstream{file} << "not an archive at all";
  const auto done = unpack_here();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, testing::StartsWith("this is no tar.gz archive"));
}

TEST_F(archives, everything_unpacked_can_be_read_by_all) {
  write_tar(file, {{"d", AE_IFDIR}, {"d/a", AE_IFREG, "x"}});
  ASSERT_TRUE(unpack_here());
  struct stat about;
  ASSERT_EQ(stat((into / "d" / "a").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0644u);
  ASSERT_EQ(stat((into / "d").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0755u);
}

TEST_F(archives, gzip_is_unpacked_as_it_is_read) {
  std::string text(300'000, 'a');
  text.append("end");
  std::ofstream{from / "t"} << text;
  ASSERT_EQ(
      std::system(fmt::format("gzip -c {0} > {1}; gzip -c {0} >> {1}", (from / "t").string(), file.string()).c_str()),
      0);
  sys::descriptor in{open(file.c_str(), O_RDONLY)};
  auto unpacked = gunzip::open(in.get());
  ASSERT_TRUE(unpacked) << unpacked.error().message;
  std::string got;
  char buffer[10'000];
  while (true) {
    const auto n = unpacked->read(buffer, sizeof buffer);
    ASSERT_TRUE(n) << n.error().message;
    if (*n == 0) break;
    got.append(buffer, *n);
  }
  EXPECT_EQ(got, text + text);
}

TEST_F(archives, what_is_no_gzip_is_said) {
  for (const auto* content : {"plain text", ""}) {
    std::ofstream{file} << content;
    sys::descriptor in{open(file.c_str(), O_RDONLY)};
    EXPECT_FALSE(gunzip::open(in.get())) << content;
  }
}

}  // namespace
}  // namespace mdlc::runner
