#include "runner/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/testing.h"

namespace mdlc::runner {
namespace {

struct entry {
  std::string name;
  std::string content;  // a link's target
  unsigned type = AE_IFREG;
  unsigned perm = 0600;
};

std::string zip(const std::vector<entry>& entries) {
  std::string out(1 << 20, '\0');
  size_t used = 0;
  auto* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  for (const auto& e : entries) {
    auto* header = archive_entry_new();
    archive_entry_set_pathname(header, e.name.c_str());
    archive_entry_set_filetype(header, e.type);
    archive_entry_set_perm(header, static_cast<mode_t>(e.perm));
    if (e.type == AE_IFLNK) archive_entry_set_symlink(header, e.content.c_str());
    if (e.type == AE_IFREG) archive_entry_set_size(header, static_cast<la_int64_t>(e.content.size()));
    EXPECT_EQ(archive_write_header(writer, header), ARCHIVE_OK);
    if (e.type == AE_IFREG) archive_write_data(writer, e.content.data(), e.content.size());
    archive_entry_free(header);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

class unzipping : public testing::Test {
 protected:
  base::result<void, unzip_error> unpack(std::string_view bytes, const unzip_limits& limits = {}) {
    const auto file = folder / "a.zip";
    std::ofstream{file, std::ios::binary} << bytes;
    std::filesystem::remove_all(into);
    std::filesystem::create_directory(into);
    const sys::descriptor open_file{open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    return unzip(open_file.get(), into, limits);
  }
  unsigned mode(std::string_view name) {
    struct stat s;
    EXPECT_EQ(lstat((into / name).c_str(), &s), 0) << name;
    return s.st_mode & 0777;
  }

  temporary_folder folder;
  sys::path into = folder / "into";
};

TEST_F(unzipping, what_was_zipped_comes_out_readable_for_all) {
  const auto bytes = zip({{"index.py", "print(1)\n"},
                          {"lib/", "", AE_IFDIR, 0700},
                          {"lib/deep/run.sh", "#!/bin/sh\n", AE_IFREG, 0700},
                          {"lib/same", "deep/run.sh", AE_IFLNK}});
  ASSERT_TRUE(unpack(bytes));
  EXPECT_EQ(sys::read_file(into / "index.py").value(), "print(1)\n");
  EXPECT_EQ(sys::read_file(into / "lib/same").value(), "#!/bin/sh\n");
  EXPECT_EQ(mode("index.py"), 0644u);
  EXPECT_EQ(mode("lib"), 0755u);
  EXPECT_EQ(mode("lib/deep/run.sh"), 0755u);
}

TEST_F(unzipping, our_own_writer_is_read) {
  ASSERT_TRUE(unpack(zip_file("index.py", "def handler(e, c): return e\n")));
  EXPECT_EQ(sys::read_file(into / "index.py").value(), "def handler(e, c): return e\n");
}

TEST_F(unzipping, nothing_lands_or_points_outside) {
  const std::vector<std::vector<entry>> cases{
      {{"/etc/x", "1"}},
      {{"../x", "1"}},
      {{"a/../../x", "1"}},
      {{"link", "/etc/passwd", AE_IFLNK}},
      {{"link", "../outside", AE_IFLNK}},
      {{"link", "a/../../outside", AE_IFLNK}},
  };
  for (const auto& entries : cases) {
    const auto done = unpack(zip(entries));
    ASSERT_FALSE(done) << entries[0].name << " -> " << entries[0].content;
    EXPECT_EQ(done.error().what, unzip_failure::unsafe_name) << entries[0].name;
    EXPECT_FALSE(std::filesystem::exists(folder / "x"));
  }
}

TEST_F(unzipping, no_entry_is_written_through_a_link) {
  const auto done = unpack(zip({{"d/", "", AE_IFDIR}, {"l", "d", AE_IFLNK}, {"l/file", "1"}}));
  EXPECT_FALSE(std::filesystem::exists(into / "d" / "file"));
  EXPECT_FALSE(done);
}

TEST_F(unzipping, what_is_no_zip_is_said_to_be_none) {
  const auto whole = zip({{"a", std::string(1000, 'x')}});
  for (const auto& bytes : {std::string{"hello"}, std::string{}, whole.substr(0, whole.size() / 2)}) {
    const auto done = unpack(bytes);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().what, unzip_failure::not_a_zip) << bytes.size();
  }
}

TEST_F(unzipping, an_archive_without_a_file_is_empty) {
  for (const auto& entries : {std::vector<entry>{}, std::vector<entry>{{"d/", "", AE_IFDIR}}}) {
    const auto done = unpack(zip(entries));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().what, unzip_failure::empty);
  }
}

TEST_F(unzipping, bytes_end_at_their_bound) {
  const auto bytes = zip({{"a", std::string(600, 'x')}, {"b", std::string(400, 'y')}});
  EXPECT_TRUE(unpack(bytes, {.bytes = 1001}));
  EXPECT_TRUE(unpack(bytes, {.bytes = 1000}));
  const auto over = unpack(bytes, {.bytes = 999});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().what, unzip_failure::too_large);
}

TEST_F(unzipping, entries_end_at_their_bound) {
  const auto bytes = zip({{"a", "1"}, {"b", "2"}, {"c", "3"}});
  EXPECT_TRUE(unpack(bytes, {.entries = 4}));
  EXPECT_TRUE(unpack(bytes, {.entries = 3}));
  const auto over = unpack(bytes, {.entries = 2});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().what, unzip_failure::too_large);
}

}  // namespace
}  // namespace mdlc::runner
