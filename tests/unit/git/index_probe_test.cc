#include "lfs/git/index_probe.h"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "lfs/base/files.h"

namespace lazylfs::lfs {
namespace {

class IndexProbeTest : public testing::Test {
 protected:
  IndexProbeTest() {
    std::string pattern = testing::TempDir() + "lazylfs-index-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~IndexProbeTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  bool may_have(std::string content) {
    EXPECT_TRUE(write_file_atomically(folder_ + "/index", content));
    return index_may_have(folder_ + "/index", ".lfsconfig");
  }
  static std::string header(char version) { return std::string("DIRC\0\0\0", 7) + version; }
  std::string folder_;
};

TEST_F(IndexProbeTest, ANameIsFoundWhereverItStands) {
  EXPECT_TRUE(may_have(header(2) + "stuff .lfsconfig stuff"));
  EXPECT_FALSE(may_have(header(2) + "stuff .lfsconfi stuff"));
  constexpr std::size_t kChunk = 1U << 20U;  // a match across two chunks
  for (std::size_t shift = 0; shift < 12; ++shift) {
    EXPECT_TRUE(may_have(header(3) + std::string(kChunk - 8 - shift, 'x') + ".lfsconfig")) << shift;
  }
  EXPECT_FALSE(may_have(header(3) + std::string(3 * kChunk, 'x')));
}

TEST_F(IndexProbeTest, OnlyGitCanReadACompressedOrSplitIndex) {
  EXPECT_TRUE(may_have(header(4) + "stuff"));
  EXPECT_TRUE(may_have(header(2) + "link"));
  EXPECT_TRUE(may_have("garbage"));
}

TEST_F(IndexProbeTest, WithoutAnIndexThereIsNothing) {
  EXPECT_FALSE(index_may_have(folder_ + "/none", ".lfsconfig"));
}

}  // namespace
}  // namespace lazylfs::lfs
