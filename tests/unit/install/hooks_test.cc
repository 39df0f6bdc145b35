#include "lfs/install/hooks.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "lfs/base/files.h"
#include "lfs/base/process.h"

namespace lazylfs::lfs {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class HooksTest : public testing::Test {
 protected:
  HooksTest() {
    std::string pattern = testing::TempDir() + "lazylfs-hooks-XXXXXX";
    base_ = ::mkdtemp(pattern.data());
    ::setenv("HOME", base_.c_str(), 1);
    ::setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    git({"init", "-q", base_ + "/repo"});
  }
  ~HooksTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(base_, ignored);
  }

  static void git(std::vector<std::string> arguments) {
    lazylfs::Command command;
    command.argv = std::move(arguments);
    command.argv.insert(command.argv.begin(), "git");
    EXPECT_TRUE(run_command_checked(command));
  }
  void configure(const std::string& key, const std::string& value) {
    git({"-C", base_ + "/repo", "config", key, value});
  }
  Repository repository() { return std::move(*Repository::discover(base_ + "/repo")); }
  std::string path(const std::string& hook) { return base_ + "/repo/.git/hooks/" + hook; }
  std::string text(const std::string& hook) {
    return read_file(path(hook), 1U << 20U).value_or("(missing)");
  }
  void write(const std::string& hook, std::string_view content) {
    ASSERT_TRUE(make_folders(parent_path(path(hook))));
    ASSERT_TRUE(write_file_atomically(path(hook), content));
  }

  std::string base_;
};

TEST_F(HooksTest, FourExecutableHooksAreWritten) {
  ASSERT_TRUE(install_hooks(repository(), false));
  for (const std::string hook : {"pre-push", "post-checkout", "post-commit", "post-merge"}) {
    struct stat status {};
    ASSERT_EQ(::stat(path(hook).c_str(), &status), 0) << hook;
    EXPECT_NE(status.st_mode & 0100U, 0U) << hook;
    EXPECT_THAT(text(hook), StartsWith("#!/bin/sh\ncommand -v git-lfs"));
    EXPECT_THAT(text(hook), testing::EndsWith("\ngit lfs " + hook + " \"$@\"\n"));
  }
}

TEST_F(HooksTest, AForeignHookStaysAndIsToldOf) {
  write("post-commit", "\n  #!/bin/sh\n    echo mine\n\n");
  const auto installed = install_hooks(repository(), false);
  ASSERT_FALSE(installed);
  EXPECT_EQ(installed.error().code(), Errc::exists);
  EXPECT_EQ(installed.error().message(),
            "Hook already exists: post-commit\n\n\t#!/bin/sh\n\techo mine\n");
  EXPECT_THAT(text("post-commit"), HasSubstr("echo mine"));
  EXPECT_TRUE(install_hooks(repository(), true));
  EXPECT_THAT(text("post-commit"), HasSubstr("git lfs post-commit"));
}

TEST_F(HooksTest, HooksOfEarlierVersionsAreReplaced) {
  write("pre-push", "#!/bin/sh\ngit lfs push --stdin $*\n");
  write("post-merge",
        "#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || { echo >&2 \"\\nThis repository is "
        "configured for Git LFS but 'git-lfs' was not found on your path. If you no longer wish "
        "to use Git LFS, remove this hook by deleting '.git/hooks/post-merge'.\\n\"; exit 2; }\n"
        "git lfs post-merge \"$@\"\n");
  write("post-commit", "");
  ASSERT_TRUE(install_hooks(repository(), false));
  for (const std::string hook : {"pre-push", "post-commit", "post-merge"}) {
    EXPECT_THAT(text(hook), HasSubstr("printf >&2")) << hook;
  }
}

TEST_F(HooksTest, UninstallRemovesOursAndReportsOthers) {
  ASSERT_TRUE(install_hooks(repository(), false));
  write("post-checkout", "echo mine\n");
  EXPECT_THAT(uninstall_hooks(repository()), SizeIs(1));
  EXPECT_FALSE(file_exists(path("pre-push")));
  EXPECT_FALSE(file_exists(path("post-merge")));
  EXPECT_TRUE(file_exists(path("post-checkout")));
  ::unlink(path("post-checkout").c_str());
  EXPECT_THAT(uninstall_hooks(repository()), IsEmpty());
}

TEST_F(HooksTest, TheHooksFolderIsWhereGitLooks) {
  EXPECT_EQ(hooks_folder(repository()), base_ + "/repo/.git/hooks");
  configure("core.hooksPath", "hooks");
  EXPECT_EQ(hooks_folder(repository()), base_ + "/repo/hooks");
  configure("core.hooksPath", "~/mine");
  EXPECT_EQ(hooks_folder(repository()), base_ + "/mine");
  ensure_hooks(repository());
  EXPECT_TRUE(file_exists(base_ + "/mine/pre-push"));
  EXPECT_THAT(hooks_by_hand(repository()),
              StartsWith("Add the following to '" + base_ + "/mine/pre-push':\n\n\t#!/bin/sh\n"));
}

TEST_F(HooksTest, ALinkedHookIsWrittenThrough) {
  write("pre-push", "");
  std::filesystem::rename(path("pre-push"), base_ + "/real");
  std::filesystem::create_symlink(base_ + "/real", path("pre-push"));
  ASSERT_TRUE(install_hooks(repository(), false));
  EXPECT_TRUE(std::filesystem::is_symlink(path("pre-push")));
  EXPECT_THAT(read_file(base_ + "/real", 4096).value_or(""), HasSubstr("git lfs pre-push"));
}

}  // namespace
}  // namespace lazylfs::lfs
