#include "runner/runtimes.h"

#include <gtest/gtest.h>

#include "runner/testing.h"

namespace mdlc::runner {
namespace {

TEST(runtimes, each_interpreter_has_its_own) {
  temporary_folder folder;
  const auto one = folder / "python3.1", other = folder / "python3.2", link = folder / "python3";
  for (const auto& p : {one, other}) std::ofstream{p} << "an interpreter";
  std::filesystem::create_symlink(one, link);
  const auto runtimes = folder / "runtimes";
  const auto none = find_runtime(link, runtimes);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message,
            fmt::format("The environment for functions is not installed for {0}. Run: mdlc setup --python {0}",
                        link.string()));
  EXPECT_TRUE(find_runtime(std::string{default_python}, runtimes).error().message.ends_with("Run: mdlc setup"));

  install_client(runtimes, one, "");
  install_client(runtimes, other, "");
  const auto found = find_runtime(one, runtimes), found_other = find_runtime(other, runtimes);
  ASSERT_TRUE(found && found_other);
  EXPECT_EQ(found->interpreter, one);
  EXPECT_EQ(found_other->interpreter, other);
  EXPECT_NE(found->packages, found_other->packages);
  EXPECT_TRUE(std::filesystem::exists(found->packages / "awslambdaric" / "__main__.py"));
  // By whatever name.
  EXPECT_EQ(find_runtime(link, runtimes)->packages, found->packages);
  EXPECT_FALSE(find_runtime(folder / "python3.3", runtimes));
}

TEST(runtimes, what_is_no_python_for_functions_is_refused_before_anything_is_made) {
  temporary_folder folder;
  const auto refusal = [&](const std::string& python) {
    const auto made = install_runtime(
        python, [](std::string_view) {}, folder / "runtimes");
    return made ? "" : made.error().message;
  };
  EXPECT_NE(refusal("/bin/false").find("is no Python that can be run"), std::string::npos);
  EXPECT_NE(refusal(folder / "nothing").find("is no Python that can be run"), std::string::npos);
  // The server would look for the environment of another file than the one that was meant.
  const auto wrapper = folder / "python3";
  std::ofstream{wrapper} << "#!/bin/sh\nexec /usr/bin/python3 \"$@\"\n";
  std::filesystem::permissions(wrapper, std::filesystem::perms::owner_all);
  const auto said = refusal(wrapper);
  EXPECT_TRUE(said.starts_with(wrapper.string() + " runs /usr/bin/python3")) << said;
  EXPECT_FALSE(std::filesystem::exists(folder / "runtimes"));
}

}  // namespace
}  // namespace mdlc::runner
