#include "lfs/worktree/large_files.h"

#include <gtest/gtest.h>

#include "lfs/attributes/filter_attributes.h"
#include "tests/unit/scan/scan_fixture.h"

namespace lazylfs::lfs {
namespace {

class LargeFilesTest : public ScanFixture {
 protected:
  LargeFilesTest() {
    init();
    write("r/.gitattributes", "*.bin filter=lfs\n");
    write("r/.gitignore", "ignored\n");
  }
  std::vector<std::string> find(const std::string& folder = "") {
    std::vector<std::string> paths;
    const auto found = large_files_outside_lfs(open(), folder, 100).value();
    for (const LargeFile& file : found) {
      paths.push_back(file.path);
    }
    return paths;
  }
  const std::string large_ = std::string(100, 'x');
};

TEST_F(LargeFilesTest, FilesThatGitHasOrWouldAddAndThatAreNotInLfsAreFound) {
  write("r/committed", large_);
  write("r/tracked.bin", large_);
  commit("r");
  write("r/new", large_);
  write("r/d/deep", large_);
  write("r/small", std::string(99, 'x'));
  write("r/ignored", large_);
  write("r/.lfsconfig", large_);
  EXPECT_EQ(find(), (std::vector<std::string>{"committed", "d/deep", "new"}));
  EXPECT_EQ(find("d/"), (std::vector<std::string>{"d/deep"}));
}

TEST_F(LargeFilesTest, AFileThatIsGoneFromTheWorkTreeIsNotFound) {
  write("r/gone", large_);
  commit("r");
  std::filesystem::remove(path("r/gone"));
  EXPECT_EQ(find(), std::vector<std::string>());
}

TEST_F(LargeFilesTest, TheLineOfAFileMatchesItAlone) {
  for (const char* path :
       {"plain", "a b", "#x", "!x", "\"q\"", "[a]", "t\tn\nl", "back\\slash", "d/*"}) {
    const std::string line = attribute_pattern_of_file(path) + " filter=lfs";
    const auto parsed = AttributeLine::parse(line);
    ASSERT_TRUE(parsed) << line;
    const auto pattern = AttributePattern::parse(parsed->pattern);
    ASSERT_TRUE(pattern) << line;
    EXPECT_TRUE(pattern->matches(path)) << line;
    EXPECT_FALSE(pattern->matches(std::string("other/") + path)) << line;
  }
  EXPECT_FALSE(AttributePattern::parse(attribute_pattern_of_file("[a]"))->matches("a"));
}

}  // namespace
}  // namespace lazylfs::lfs
