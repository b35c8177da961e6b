#include "base/arn.h"

#include <gtest/gtest.h>

namespace mdlc::base {
namespace {

TEST(arn, comes_back) {
  for (auto text : {"arn:aws:states:us-east-1:000000000000:execution:m:e", "arn:aws:s3:::bucket/key",
                    "arn:aws:states:::sagemaker:createTrainingJob.sync"})
    EXPECT_EQ(parse_arn(text).value().str(), text);
}

TEST(arn, refuses_what_is_none) {
  for (auto text : {"", "arn", "arn:aws:s3:::", "urn:aws:s3:::x", "arn:aws::::x"})
    EXPECT_FALSE(parse_arn(text)) << text;
}

}  // namespace
}  // namespace mdlc::base
