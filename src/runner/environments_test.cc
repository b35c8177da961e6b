#include "runner/environments.h"

#include <gtest/gtest.h>

#include <thread>

#include "runner/testing.h"

namespace mdlc::runner {
namespace {

// A folder that the user who installs can read, as a script's code is.
struct project {
  temporary_folder folder;
  explicit project(std::string_view requirements) {
    std::filesystem::permissions(folder.path(), std::filesystem::perms{0755});
    write("requirements.txt", requirements);
  }
  void write(const std::string& name, std::string_view text) { std::ofstream{folder / name} << text; }
  environment_contents contents() const {
    return {.requirements = {{sys::read_file(folder / "requirements.txt").value_or(""), folder.path()}}};
  }
};

struct store_in {
  temporary_folder folder;
  environments made{folder / "runtimes"};
  store_in() { std::filesystem::permissions(folder.path(), std::filesystem::perms{0755}); }
  size_t count(std::string_view prefix = "scripts-") const {
    size_t n = 0;
    for (const auto& e : std::filesystem::directory_iterator{folder / "runtimes"})
      n += e.path().filename().string().starts_with(prefix);
    return n;
  }
};

// The first to need the empty environment pays for it.
store_in& shared_store() {
  static store_in store;
  return store;
}

TEST(environments, one_is_made_once_by_whoever_asks_first) {
  auto& store = shared_store();
  std::vector<std::thread> askers;
  std::vector<sys::path> answers(3);
  for (auto& answer : answers)
    askers.emplace_back([&] {
      const auto made = store.made.make({});
      if (made) answer = *made;
    });
  for (auto& a : askers) a.join();
  EXPECT_TRUE(store.made.has({}));
  EXPECT_TRUE(std::filesystem::exists(answers[0] / "bin" / "python"));
  EXPECT_EQ(answers[0], answers[1]);
  EXPECT_EQ(answers[0], answers[2]);
  EXPECT_EQ(store.count(".new-"), 0u);
  // By whatever path the interpreter is named, and nothing is run for it again.
  const auto marker = answers[0].parent_path() / "environment.json";
  const auto before = std::filesystem::last_write_time(marker);
  const environment_contents same{.python = std::filesystem::canonical(default_python).string()};
  EXPECT_EQ(store.made.make(same), answers[0]);
  EXPECT_EQ(std::filesystem::last_write_time(marker), before);
}

TEST(environments, what_pip_says_of_a_failure_is_told_and_nothing_stays) {
  auto& store = shared_store();
  project p{"--no-index\nno-such-package-at-all==9\n"};
  std::string said;
  const auto made = store.made.make(p.contents(), {.say = [&](std::string_view text) { said += text; }});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().why, install_failure::cause::pip);
  EXPECT_NE(made.error().message.find("No matching distribution found for no-such-package-at-all==9"),
            std::string::npos)
      << made.error().message;
  EXPECT_NE(said.find("no-such-package-at-all"), std::string::npos);
  EXPECT_FALSE(store.made.has(p.contents()));
  EXPECT_EQ(store.count(".new-"), 0u);
}

TEST(environments, a_setup_program_is_confined_and_the_files_that_requirements_name_count) {
  auto& store = shared_store();
  const auto secret = store.folder / "secret";
  std::ofstream{secret} << "secret";
  project p{"--no-index\n./greeting-1.tar.gz\n"};
  const auto pack = [&](std::string_view word) {
    std::filesystem::create_directories(p.folder / "greeting-1");
    p.write("greeting-1/setup.py", fmt::format("import os, setuptools\nassert not os.path.exists('{}')\n"
                                               "assert os.getuid() != 0 and 'MDLC_SOURCE_DIR' not in os.environ\n"
                                               "setuptools.setup(name='greeting', version='1', "
                                               "py_modules=['greeting'])\n",
                                               secret.string()));
    p.write("greeting-1/greeting.py", fmt::format("word = '{}'\n", word));
    const auto command = fmt::format("tar -C {0} -czf {0}/greeting-1.tar.gz greeting-1", p.folder.path().string());
    ASSERT_EQ(std::system(command.c_str()), 0);
  };
  pack("hello");
  ::setenv("PIP_NO_BUILD_ISOLATION", "0", 1);  // pip's way to say "no isolation": it would ask an index for setuptools
  const auto made = store.made.make(p.contents());
  ::unsetenv("PIP_NO_BUILD_ISOLATION");
  ASSERT_TRUE(made) << made.error().message;
  const auto installed = *made / "lib";
  bool is_there = false;
  for (const auto& e : std::filesystem::recursive_directory_iterator{installed})
    is_there |= e.path().filename() == "greeting.py";
  EXPECT_TRUE(is_there);
  EXPECT_TRUE(store.made.has(p.contents()));
  pack("good-bye");
  EXPECT_FALSE(store.made.has(p.contents()));
}

TEST(environments, an_installation_that_nobody_wants_any_more_ends) {
  store_in store;
  const auto made = store.made.make({}, {.cancelled = [] { return true; }});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().why, install_failure::cause::cancelled);
  EXPECT_FALSE(store.made.has({}));
  EXPECT_EQ(store.count(".new-"), 0u);
}

TEST(environments, a_python_that_scripts_cannot_see_is_refused) {
  store_in store;
  const auto elsewhere = store.folder / "python3";
  std::ofstream{elsewhere} << "an interpreter";
  const auto made = store.made.make({.python = elsewhere.string()});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().why, install_failure::cause::machine);
  EXPECT_FALSE(std::filesystem::exists(store.folder / "runtimes"));
}

}  // namespace
}  // namespace mdlc::runner
