#include "services/sagemaker/run.h"

#include <fstream>

#include <gtest/gtest.h>

#include "sys/testing.h"

namespace mdlc::services::sagemaker {
namespace {

TEST(real_path, stays_inside) {
  sys::temporary_folder folder;
  const auto own = folder.path() / "own";
  std::filesystem::create_directories(own / "deep");
  std::ofstream{own / "deep" / "file"} << "mine";
  std::ofstream{folder.path() / "secret"} << "somebody's";
  std::filesystem::create_symlink("..", own / "up");
  EXPECT_EQ(real_path(own, "deep/file"), own / "deep" / "file");
  EXPECT_EQ(real_path(own, "nothing"), std::nullopt);
  for (const auto* out : {"../secret", "deep/../../secret", "up/secret", ".."})
    EXPECT_EQ(real_path(own, out), std::nullopt) << out;
}

}  // namespace
}  // namespace mdlc::services::sagemaker
