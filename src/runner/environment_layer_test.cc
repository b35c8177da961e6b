#include "runner/environment_layer.h"

#include <gtest/gtest.h>

#include "runner/testing.h"

namespace mdlc::runner {
namespace {

TEST(environment_layer, its_interpreter_finds_the_packages_below_and_its_own_before_them) {
  temporary_folder folder;
  const auto environment = folder / "environment", layer = folder / "layer";
  std::filesystem::create_directories(environment / "bin");
  std::filesystem::create_directories(environment / "lib" / "python3.11" / "site-packages");
  std::filesystem::create_symlink("/usr/bin/python3.11", environment / "bin" / "python3.11");
  std::ofstream{environment / "pyvenv.cfg"} << "home = /usr/bin\n";
  const auto made = make_layer(environment, layer, identity_for("job"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(std::filesystem::read_symlink(layer / "bin" / "python3"), "/usr/bin/python3.11");
  EXPECT_EQ(sys::read_file(layer / "pyvenv.cfg"), "home = /usr/bin\n");
  EXPECT_EQ(sys::read_file(layer / "lib" / "python3.11" / "site-packages" / "image.pth"),
            "import site; site.addsitedir('/opt/mdlc/python/lib/python3.11/site-packages')\n");
  const auto runs = std::filesystem::status(layer / "bin" / "pip3").permissions();
  EXPECT_NE(runs & std::filesystem::perms::others_exec, std::filesystem::perms::none);
}

TEST(environment_layer, there_is_none_over_what_is_no_environment) {
  temporary_folder folder;
  EXPECT_FALSE(make_layer(folder / "missing", folder / "layer", identity_for("job")));
  EXPECT_FALSE(std::filesystem::exists(folder / "layer"));
}

}  // namespace
}  // namespace mdlc::runner
