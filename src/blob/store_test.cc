#include "blob/store.h"

#include <cstdlib>

#include <fcntl.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>
#include "sys/testing.h"

namespace mdlc::blob {
namespace {

class fixed_clock : public sys::env {
 public:
  base::time_point now() override { return now_; }
  void random_bytes(char* out, size_t count) override { sys::real_env().random_bytes(out, count); }

  base::time_point now_ = sys::real_env().now();
};

class blob_store : public ::testing::Test {
 protected:
  blob_store() { reopen(); }

  void reopen() { store_ = std::move(*store::open(folder_ / "blobs", clock_)); }
  ref put(std::string_view bytes) { return *store_->put(bytes); }
  bool exists(const ref& r) { return std::filesystem::exists(store_->file_of(r)); }
  int64_t files() {
    int64_t count = 0;
    for (auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) count += entry.is_regular_file();
    return count;
  }

  sys::temporary_folder folder_;
  fixed_clock clock_;
  std::unique_ptr<store> store_;
};

TEST_F(blob_store, gives_back_what_was_put) {
  std::string bytes(300'000, '\0');
  sys::real_env().random_bytes(bytes.data(), bytes.size());
  auto whole = put(bytes);
  EXPECT_EQ(whole.size, 300'000);
  EXPECT_EQ(store_->open_slice(whole)->read_all().value(), bytes);
  EXPECT_EQ(store_->open_slice(whole)->whole().name, whole.name);
  EXPECT_EQ(store_->open_slice(whole, 299'990, 10)->read_all().value(), bytes.substr(299'990));
  EXPECT_EQ(store_->open_slice(put(""))->read_all().value(), "");
}

TEST_F(blob_store, refuses_what_lies_outside_a_blob) {
  auto blob = put("0123456789");
  struct {
    int64_t offset, count;
    bool fine;
  } cases[] = {{0, 10, true},  {10, 0, true},  {0, 11, false}, {5, 6, false},
               {11, 0, false}, {-1, 1, false}, {0, -1, false}, {1, INT64_MAX, false}};
  for (auto& c : cases) EXPECT_EQ(store_->open_slice(blob, c.offset, c.count).has_value(), c.fine) << c.offset;
  for (std::string name : {"", "../../etc/passwd", "ab", std::string(32, 'g').c_str(), std::string(32, 'a').c_str()})
    EXPECT_FALSE(store_->open_slice({name, 0}));
  EXPECT_FALSE(store_->open_slice({blob.name, 9}));  // not what the row says
}

TEST_F(blob_store, cannot_be_written_or_listed_by_others) {
  auto file = store_->file_of(put("x"));
  struct stat found;
  ASSERT_EQ(::stat(file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0444u);
  for (auto folder : {file.parent_path(), file.parent_path().parent_path()}) {
    ASSERT_EQ(::stat(folder.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0711u);
  }
}

TEST_F(blob_store, what_is_not_finished_leaves_nothing) {
  {
    auto writer = *store_->stage();
    ASSERT_TRUE(writer->write("half"));
    EXPECT_EQ(writer->written(), 4);
    EXPECT_EQ(files(), 1);
  }
  EXPECT_EQ(files(), 0);
}

TEST_F(blob_store, an_open_slice_outlives_its_blob) {
  auto blob = put("still here");
  auto slice = *store_->open_slice(blob);
  store_->remove(blob.name);
  EXPECT_FALSE(exists(blob));
  EXPECT_EQ(slice.read_all().value(), "still here");
  store_->remove(blob.name);  // missing is fine
}

TEST_F(blob_store, a_link_keeps_the_bytes) {
  auto blob = put("promised");
  ASSERT_TRUE(store_->link(blob, folder_ / "input"));
  EXPECT_FALSE(store_->link(blob, folder_ / "input"));  // there already
  store_->remove(blob.name);
  EXPECT_EQ(sys::read_file(folder_ / "input").value(), "promised");
  EXPECT_FALSE(store_->link(blob, folder_ / "late"));
}

TEST_F(blob_store, sweep_removes_what_is_old_and_unused) {
  auto used = put("used"), before = put("before the restart");
  auto abandoned = *store_->stage();  // as a kill leaves it
  ASSERT_TRUE(abandoned->write("half"));
  clock_.now_ += std::chrono::seconds{1};
  auto dead = std::move(store_);
  reopen();
  auto young = put("young"), old = put("old");
  auto slow = *store_->stage();
  clock_.now_ += std::chrono::hours{1};
  auto in_use = [&](const std::string& name) { return name == used.name; };
  EXPECT_EQ(store_->sweep(in_use), 2);  // `before` and what was abandoned
  EXPECT_FALSE(exists(before));
  EXPECT_TRUE(exists(young));
  EXPECT_TRUE(exists(used));
  clock_.now_ += std::chrono::milliseconds{1};
  EXPECT_EQ(store_->sweep(in_use), 2);  // both are over an hour old now
  EXPECT_FALSE(exists(young));
  EXPECT_FALSE(exists(old));
  ASSERT_TRUE(slow->write("a slow upload goes on"));
  auto finished = *slow->finish();
  EXPECT_EQ(store_->sweep(in_use), 0);
  EXPECT_EQ(store_->open_slice(finished)->read_all().value(), "a slow upload goes on");
  abandoned.reset();
}

}  // namespace
}  // namespace mdlc::blob
