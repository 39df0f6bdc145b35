#include "fs/io_mode.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lazylfs::fs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr InodeNumber kFile{42};
constexpr InodeNumber kOther{43};
constexpr int kAbsent = -1;
constexpr int kContent = 9;  // any descriptor

class IoModesTest : public testing::Test {
 protected:
  int next_id_ = 1;
  bool refuse_ = false;
  std::vector<int> closed_;
  IoModes modes_{[this](int) -> Result<int> {
                   if (refuse_) return Error(Errc::denied, "refused");
                   return next_id_++;
                 },
                 [this](int id) { closed_.push_back(id); }};
};

TEST_F(IoModesTest, CompleteContentIsHandedToTheKernel) {
  EXPECT_EQ(modes_.open(kFile, kContent).backing_id, 1);
}

TEST_F(IoModesTest, ASecondOpenGetsTheSameBackingId) {
  EXPECT_EQ(modes_.open(kFile, kContent).backing_id, 1);
  EXPECT_EQ(modes_.open(kFile, kContent).backing_id, 1);
  EXPECT_EQ(modes_.open(kOther, kContent).backing_id, 2);
}

TEST_F(IoModesTest, TheBackingIdGoesWithTheLastRelease) {
  modes_.open(kFile, kContent);
  modes_.open(kFile, kContent);
  modes_.release(kFile);
  EXPECT_THAT(closed_, IsEmpty());
  modes_.release(kFile);
  EXPECT_THAT(closed_, ElementsAre(1));
}

// The kernel fails an open with EIO whose mode differs from those before it.
TEST_F(IoModesTest, AFileOpenThroughTheCacheStaysSoWhenItsContentBecomesComplete) {
  EXPECT_EQ(modes_.open(kFile, kAbsent).backing_id, 0);
  EXPECT_EQ(modes_.open(kFile, kContent).backing_id, 0);
  modes_.release(kFile);
  EXPECT_EQ(modes_.open(kFile, kContent).backing_id, 0);
}

TEST_F(IoModesTest, AFileHandedToTheKernelStaysSoWhenItsContentIsGone) {
  modes_.open(kFile, kContent);
  EXPECT_EQ(modes_.open(kFile, kAbsent).backing_id, 1);
}

TEST_F(IoModesTest, TheModeIsChosenAnewAfterTheLastRelease) {
  modes_.open(kFile, kAbsent);
  modes_.release(kFile);
  const IoModes::Opened opened = modes_.open(kFile, kContent);
  EXPECT_EQ(opened.backing_id, 1);
  EXPECT_TRUE(opened.drop_pages) << "the kernel has its own copy from the first open";
  modes_.release(kFile);
  EXPECT_FALSE(modes_.open(kFile, kContent).drop_pages) << "that was done";
}

TEST_F(IoModesTest, ARefusedBackingFileMeansTheCache) {
  refuse_ = true;
  EXPECT_EQ(modes_.open(kFile, kContent).backing_id, 0);
  refuse_ = false;
  EXPECT_EQ(modes_.open(kFile, kContent).backing_id, 0) << "still open through the cache";
  modes_.release(kFile);
  modes_.release(kFile);
  EXPECT_EQ(modes_.open(kFile, kContent).backing_id, 1);
}

TEST_F(IoModesTest, AReleaseTooManyDoesNothing) {
  modes_.release(kFile);
  modes_.open(kFile, kContent);
  modes_.release(kFile);
  modes_.release(kFile);
  EXPECT_THAT(closed_, ElementsAre(1));
}

}  // namespace
}  // namespace lazylfs::fs
