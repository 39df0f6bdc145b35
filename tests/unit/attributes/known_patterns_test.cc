#include "lfs/attributes/known_patterns.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "lfs/base/files.h"
#include "lfs/base/process.h"

namespace lazylfs::lfs {

// For messages of failed matches.
static void PrintTo(const KnownPattern& pattern, std::ostream* out) {
  *out << pattern.pattern << " (" << pattern.source << (pattern.tracked ? ", tracked" : "")
       << (pattern.lockable ? ", lockable)" : ")");
}
static bool operator==(const KnownPattern& a, const KnownPattern& b) {
  return a.pattern == b.pattern && a.source == b.source && a.tracked == b.tracked &&
         a.lockable == b.lockable;
}

namespace {

using testing::ElementsAre;

class KnownPatternsTest : public testing::Test {
 protected:
  KnownPatternsTest() {
    std::string pattern = testing::TempDir() + "lazylfs-known-XXXXXX";
    base_ = ::mkdtemp(pattern.data());
    ::setenv("HOME", base_.c_str(), 1);
    ::setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    ::setenv("GIT_ATTR_NOSYSTEM", "1", 1);
    ::unsetenv("XDG_CONFIG_HOME");
    lazylfs::Command init;
    init.argv = {"git", "init", "-q", base_ + "/repo"};
    EXPECT_TRUE(run_command_checked(init));
  }
  ~KnownPatternsTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(base_, ignored);
  }

  void write(const std::string& path, std::string_view text) {
    const std::string full = base_ + '/' + path;
    ASSERT_TRUE(make_folders(parent_path(full)));
    ASSERT_TRUE(write_file_atomically(full, text));
  }
  std::vector<KnownPattern> known(AttributeScope scope = AttributeScope::everything) {
    const auto repository = Repository::discover(base_ + "/repo");
    EXPECT_TRUE(repository);
    return known_patterns(*repository, scope).value_or(std::vector<KnownPattern>{});
  }

  std::string base_;
};

TEST_F(KnownPatternsTest, TheDeepestFileComesFirstAndTheUsersLast) {
  write("repo/.gitattributes", "*.a filter=lfs\n*.t text\n");
  write("repo/sub/dir/.gitattributes", "*.b filter=lfs lockable\n/c filter=lfs\n");
  write("repo/.git/info/attributes", "*.i -filter\n");
  write(".config/git/attributes", "*.u lockable\n");
  const std::string user = base_ + "/.config/git/attributes";
  EXPECT_THAT(known(),
              ElementsAre(KnownPattern{"sub/dir/*.b", "sub/dir/.gitattributes", true, true},
                          KnownPattern{"sub/dir/c", "sub/dir/.gitattributes", true, false},
                          KnownPattern{"*.a", ".gitattributes", true, false},
                          KnownPattern{"*.i", ".git/info/attributes", false, false},
                          KnownPattern{"*.u", user, false, true}));
  EXPECT_EQ(known(AttributeScope::repository).size(), 4U);
}

TEST_F(KnownPatternsTest, MacrosAreResolvedAlsoBelowTheRoot) {
  write("repo/.gitattributes", "[attr]big filter=lfs lockable\n[attr]huge big -lockable\n");
  write("repo/sub/.gitattributes", "*.x big\n*.y huge\n*.z big -filter\n");
  EXPECT_THAT(known(), ElementsAre(KnownPattern{"sub/*.x", "sub/.gitattributes", true, true},
                                   KnownPattern{"sub/*.y", "sub/.gitattributes", true, false},
                                   KnownPattern{"sub/*.z", "sub/.gitattributes", false, true}));
}

TEST_F(KnownPatternsTest, AMacroThatNamesItselfEnds) {
  write("repo/.gitattributes", "[attr]loop loop filter=lfs\n*.x loop\n");
  EXPECT_THAT(known(), ElementsAre(KnownPattern{"*.x", ".gitattributes", true, false}));
}

TEST_F(KnownPatternsTest, IgnoredFilesAndLinksAreNotRead) {
  write("repo/.gitignore", "skip/\n");
  write("repo/skip/.gitattributes", "*.a filter=lfs\n");
  write("elsewhere", "*.b filter=lfs\n");
  std::filesystem::create_symlink(base_ + "/elsewhere", base_ + "/repo/.gitattributes");
  EXPECT_TRUE(known().empty());
}

}  // namespace
}  // namespace lazylfs::lfs
