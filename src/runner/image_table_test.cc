#include "runner/image_table.h"

#include <fstream>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "sys/testing.h"

namespace mdlc::runner {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class images : public ::testing::Test {
 protected:
  sys::path write(const std::string& name, std::string_view text = "print()\n") {
    const auto file = folder_.path() / "given" / name;
    fs::create_directories(file.parent_path());
    std::ofstream{file} << text;
    return file;
  }
  std::string refusal(const image_source& from) {
    auto made = table_.add(from);
    return made ? "" : made.error().message;
  }
  size_t programs() const {
    const auto at = folder_.path() / "data" / "images" / "programs";
    return static_cast<size_t>(std::distance(fs::directory_iterator{at}, fs::directory_iterator{}));
  }

  sys::temporary_folder folder_;
  image_table table_{folder_.path() / "data"};
};

TEST_F(images, a_script_trains_and_may_have_another_that_serves) {
  auto made = table_.add({.uri = "mine",
                          .program = write("fit.py"),
                          .serve = write("answer.sh"),
                          .requirements = write("requirements.txt", "six==1.16.0\n")});
  ASSERT_TRUE(made) << made.error().message;
  const auto found = table_.find("mine:latest");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->uri, "mine:latest");
  EXPECT_EQ(found->train, "fit.py");
  EXPECT_EQ(found->serve, "answer.sh");
  ASSERT_TRUE(table_.take("mine", folder_.path() / "copy"));
  EXPECT_EQ(sys::read_file(folder_.path() / "copy/requirements.txt").value(), "six==1.16.0\n");
  EXPECT_FALSE(table_.find("mine:2"));
  EXPECT_FALSE(table_.find("registry:5000/mine"));
}

TEST_F(images, a_folder_names_its_parts) {
  write("both/train", "#!/bin/sh\n");
  fs::permissions(folder_.path() / "given/both/train", fs::perms::owner_all);
  write("both/serve.py");
  write("both/deep/more.py");
  auto made = table_.add({.uri = "r.example/both@sha256:00", .program = folder_.path() / "given/both"});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->train, "train");
  EXPECT_EQ(made->serve, "serve.py");
  const auto copy = folder_.path() / "copy";
  auto taken = table_.take("r.example/both@sha256:00", copy);
  ASSERT_TRUE(taken && *taken);
  struct stat about {};
  ASSERT_EQ(stat((copy / "train").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0755u);
  ASSERT_EQ(stat((copy / "deep/more.py").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0644u);
}

TEST_F(images, the_entry_is_a_copy_that_is_replaced_and_removed) {
  const auto script = write("fit.py", "one\n");
  ASSERT_TRUE(table_.add({.uri = "a:1", .program = script}));
  std::ofstream{script} << "two\n";
  ASSERT_TRUE(table_.take("a:1", folder_.path() / "first").value());
  EXPECT_EQ(sys::read_file(folder_.path() / "first/fit.py").value(), "one\n");
  ASSERT_TRUE(table_.add({.uri = "a:1", .program = script}));
  ASSERT_TRUE(table_.add({.uri = "b:1", .program = script}));
  ASSERT_TRUE(table_.take("a:1", folder_.path() / "second").value());
  EXPECT_EQ(sys::read_file(folder_.path() / "second/fit.py").value(), "two\n");
  EXPECT_EQ(programs(), 2u);
  EXPECT_EQ(table_.list().size(), 2u);
  ASSERT_TRUE(table_.remove("a:1"));
  EXPECT_EQ(programs(), 1u);
  EXPECT_THAT(table_.remove("a:1").error().message, HasSubstr("There is no image a:1"));
  EXPECT_FALSE(table_.take("a:1", folder_.path() / "third").value());
}

TEST_F(images, what_cannot_run_is_refused_and_leaves_nothing) {
  const auto script = write("fit.py");
  EXPECT_THAT(refusal({.uri = "", .program = script}), HasSubstr("1 to 255 characters"));
  EXPECT_THAT(refusal({.uri = "a b", .program = script}), HasSubstr("no spaces"));
  EXPECT_THAT(refusal({.uri = std::string(image_uri_length_max + 1, 'a'), .program = script}), HasSubstr("255"));
  EXPECT_THAT(refusal({.uri = "a", .program = folder_.path() / "nothing"}), HasSubstr("neither a file nor a folder"));
  EXPECT_THAT(refusal({.uri = "a", .program = write("plain.txt")}), HasSubstr("chmod +x plain.txt"));
  write("empty/readme.md");
  EXPECT_THAT(refusal({.uri = "a", .program = folder_.path() / "given/empty"}), HasSubstr("none of train"));
  write("linked/train.py");
  fs::create_symlink("/etc/passwd", folder_.path() / "given/linked/secret");
  EXPECT_THAT(refusal({.uri = "a", .program = folder_.path() / "given/linked"}), HasSubstr("neither a file nor"));
  write("some/train.py");
  EXPECT_THAT(refusal({.uri = "a", .program = folder_.path() / "given/some", .serve = "../fit.py"}),
              HasSubstr("relative to it"));
  EXPECT_TRUE(table_.list().empty());
  EXPECT_EQ(programs(), 0u);
}

TEST_F(images, a_list_of_packages_has_a_bound) {
  const auto script = write("fit.py");
  const auto most = write("most.txt", std::string(image_requirements_bytes_max, '#'));
  const auto more = write("more.txt", std::string(image_requirements_bytes_max + 1, '#'));
  EXPECT_EQ(refusal({.uri = "a", .program = script, .requirements = most}), "");
  EXPECT_THAT(refusal({.uri = "a", .program = script, .requirements = more}), HasSubstr("too large"));
}

}  // namespace
}  // namespace mdlc::runner
