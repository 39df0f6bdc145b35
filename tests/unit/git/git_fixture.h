// A temporary folder and the git program, for tests that need real repositories.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"

namespace lazylfs::lfs {

// Sets a variable for a scope. Tests run one at a time in a process.
class ScopedEnvironment {
 public:
  ScopedEnvironment(const char* name, const std::string& value) : name_(name) {
    const char* old = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    had_ = old != nullptr;
    if (had_) old_ = old;
    ::setenv(name, value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  }
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;
  ~ScopedEnvironment() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe)
    had_ ? ::setenv(name_.c_str(), old_.c_str(), 1) : ::unsetenv(name_.c_str());
  }

 private:
  std::string name_, old_;
  bool had_ = false;
};

class GitFixture : public testing::Test {
 protected:
  GitFixture() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lazylfs-git-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    root_ = std::filesystem::canonical(pattern).string();
    for (const char* setting :
         {"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_NAME=A",
          "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=C",
          "GIT_COMMITTER_EMAIL=c@example.com", "GIT_COMMITTER_DATE=1700000000 +0000"}) {
      const std::string text = setting;
      environment_.push_back(std::make_unique<ScopedEnvironment>(
          text.substr(0, text.find('=')).c_str(), text.substr(text.find('=') + 1)));
    }
    environment_.push_back(std::make_unique<ScopedEnvironment>("HOME", root_));
  }
  ~GitFixture() override {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  std::string path(const std::string& name) const { return root_ + "/" + name; }

  // `git <arguments>` in `folder`; its output without the last line end.
  std::string git(const std::string& folder, std::vector<std::string> arguments,
                  std::string_view input = {}) {
    Command command;
    command.argv = {"git"};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    command.folder = folder.empty() ? root_ : path(folder);
    RunOptions options;
    options.input = input;
    const Result<CommandOutput> output = run_command(command, options);
    EXPECT_TRUE(output && output->exit_code == 0)
        << "git " << arguments.at(0) << ": " << (output ? output->err : output.error().message());
    return output ? std::string(trim(output->out)) : "";
  }

  void write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(make_folders(parent_path(path(name))));
    const Result<void> written = write_file_atomically(path(name), text);
    ASSERT_TRUE(written) << written.error().message();
  }

  // A repository with one commit: a.txt, dir/b.txt, an executable and a symbolic link.
  void make_repository(const std::string& name) {
    git("", {"init", "-q", "-b", "main", name});
    write(name + "/a.txt", "alpha\n");
    write(name + "/dir/b.txt", "beta\n");
    write(name + "/run", "#!/bin/sh\n");
    std::filesystem::permissions(path(name + "/run"), std::filesystem::perms::all);
    std::filesystem::create_symlink("a.txt", path(name + "/link"));
    commit(name);
  }
  void commit(const std::string& name, const std::string& message = "m") {
    git(name, {"add", "-A"});
    git(name, {"commit", "-q", "--allow-empty", "-m", message});
  }

  std::string root_;

 private:
  std::vector<std::unique_ptr<ScopedEnvironment>> environment_;
};

}  // namespace lazylfs::lfs
