#include "git_sandbox.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/sha256.h"
#include "lfs/pointer/pointer.h"

namespace lazylfs::fs {

namespace {

std::vector<std::string> environment(const std::string& home, std::int64_t time) {
  const std::string date = "@" + std::to_string(time) + " +0000";
  return {"GIT_CONFIG_GLOBAL=/dev/null",
          "GIT_CONFIG_SYSTEM=/dev/null",
          "GIT_ATTR_NOSYSTEM=1",
          "HOME=" + home,
          "XDG_CONFIG_HOME=" + home,
          "GIT_AUTHOR_NAME=a",
          "GIT_AUTHOR_EMAIL=a@example.org",
          "GIT_COMMITTER_NAME=a",
          "GIT_COMMITTER_EMAIL=a@example.org",
          "GIT_AUTHOR_DATE=" + date,
          "GIT_COMMITTER_DATE=" + date};
}

std::string run_git(const std::string& home, const std::string& folder, std::int64_t time,
                    std::vector<std::string> arguments, std::string_view input) {
  arguments.insert(arguments.begin(), "git");
  Command command;
  command.argv = arguments;
  command.folder = folder;
  command.set_environment = environment(home, time);
  command.unset_environment = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"};
  RunOptions options;
  options.input = input;
  Result<std::string> out = run_command_checked(command, options);
  EXPECT_TRUE(out) << "git " << arguments[1] << ": " << (out ? "" : out.error().message());
  if (!out) return {};
  if (out->ends_with('\n')) out->pop_back();
  return *out;
}

}  // namespace

GitSandbox::GitSandbox() {
  std::string pattern = ::testing::TempDir() + "lazylfs-tree-XXXXXX";
  base_ = mkdtemp(pattern.data());
  folder_ = base_ + "/work";
  std::filesystem::create_directories(folder_);
  git({"init", "-q", "-b", "main"});
}

GitSandbox::~GitSandbox() {
  std::error_code ignored;
  std::filesystem::remove_all(base_, ignored);
}

std::string GitSandbox::git(std::vector<std::string> arguments, std::string_view input,
                            const std::string& in_folder) const {
  constexpr std::int64_t kTime = 1700000000;
  return run_git(base_, in_folder.empty() ? folder_ : in_folder, kTime, std::move(arguments),
                 input);
}

void GitSandbox::write(std::string_view name, std::string_view text) const {
  const std::string file = path(name);
  std::filesystem::create_directories(parent_path(file));
  EXPECT_TRUE(write_file_atomically(file, text));
}

std::string GitSandbox::commit_all(std::int64_t time) const {
  git({"add", "-A"});
  run_git(base_, folder_, time, {"commit", "-q", "--allow-empty", "-m", "x"}, {});
  return git({"rev-parse", "HEAD"});
}

std::string GitSandbox::commit_tree(const std::string& tree, std::int64_t time) const {
  return run_git(base_, folder_, time, {"commit-tree", "-m", "x", tree}, {});
}

std::string GitSandbox::blob(std::string_view text) const {
  return git({"hash-object", "-w", "--stdin"}, text);
}

std::string GitSandbox::raw_tree(std::string_view bytes) const {
  return git({"hash-object", "-w", "-t", "tree", "--literally", "--stdin"}, bytes);
}

Oid test_oid(unsigned number) { return Sha256::of("object " + std::to_string(number)); }

std::string pointer_text(const Oid& oid, std::uint64_t size) {
  return "version https://git-lfs.github.com/spec/v1\noid sha256:" + oid.hex() + "\nsize " +
         std::to_string(size) + "\n";
}

}  // namespace lazylfs::fs
