// A scratch folder with a Git repository in it, whose pointers are under LFS, and a cache.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/sha256.h"
#include "lfs/pointer/pointer.h"

namespace lazylfs::cli {

// Sets this process's environment and folder for one test, and sets them back.
class Sandbox : public testing::Test {
 protected:
  struct Outcome {
    ExitCode code;
    std::string out, err;
  };

  Sandbox() {
    std::string pattern = testing::TempDir() + "lazylfs-cli-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    root = std::filesystem::canonical(pattern).string();
    repository = root + "/repo";
    for (const auto& [name, value] :
         std::map<std::string, std::string>{{"HOME", root},
                                            {"LAZYLFS_CACHE", root + "/cache"},
                                            {"GIT_CONFIG_GLOBAL", "/dev/null"},
                                            {"GIT_CONFIG_SYSTEM", "/dev/null"},
                                            {"GIT_AUTHOR_NAME", "t"},
                                            {"GIT_AUTHOR_EMAIL", "t@example.com"},
                                            {"GIT_COMMITTER_NAME", "t"},
                                            {"GIT_COMMITTER_EMAIL", "t@example.com"}}) {
      ::setenv(name.c_str(), value.c_str(), 1);
    }
    make_folders(repository).value();
    std::filesystem::current_path(repository);
  }
  ~Sandbox() override {
    std::filesystem::current_path("/");
    std::filesystem::remove_all(root);
  }

  void git(std::vector<std::string> words) const {
    lazylfs::Command command;
    command.argv = {"git"};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.folder = repository;
    const auto done = run_command_checked(command);
    ASSERT_TRUE(done) << done.error().message();
  }

  void write(const std::string& path, const std::string& text) const {
    make_folders(parent_path(repository + '/' + path)).value();
    ASSERT_TRUE(write_file_atomically(repository + '/' + path, text));
  }

  // `contents`: path to content; each becomes a pointer, and its content an object of the
  // repository's own store.
  void commit_lfs(const std::map<std::string, std::string>& contents) const {
    git({"init", "-q", "-b", "main", "."});
    write(".gitattributes", "*.bin filter=lfs -text\n");
    write("plain.txt", "plain\n");
    for (const auto& [path, content] : contents) {
      const Oid oid = Sha256::of(content);
      lfs::Pointer pointer;
      pointer.oid = oid;
      pointer.size = content.size();
      write(path, lfs::format_pointer(pointer));
      const std::string hex = oid.hex();
      write(".git/lfs/objects/" + hex.substr(0, 2) + '/' + hex.substr(2, 2) + '/' + hex, content);
    }
    git({"-c", "filter.lfs.clean=", "-c", "filter.lfs.required=false", "add", "."});
    git({"commit", "-q", "-m", "one"});
  }

  static Outcome run(std::vector<std::string> words) {
    std::ostringstream out;
    std::ostringstream err;
    Metrics metrics;
    Context context{.out = out, .err = err, .metrics = metrics, .commands = all_commands()};
    const ExitCode code = run_command_line(context, words);
    return {code, out.str(), err.str()};
  }

  std::string root, repository;
};

}  // namespace lazylfs::cli
