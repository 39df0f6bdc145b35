// A home of its own for tests that run git: no configuration, netrc or askpass of the machine's.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "lfs/base/files.h"

namespace lazylfs::lfs {

class Sandbox {
 public:
  Sandbox() {
    folder_ = testing::TempDir() + "lazylfs_api_" + std::to_string(::getpid());
    std::filesystem::remove_all(folder_);
    EXPECT_TRUE(make_folders(folder_).has_value());
    set("HOME", folder_);
    set("XDG_CONFIG_HOME", folder_);
    set("GIT_CONFIG_GLOBAL", folder_ + "/gitconfig");
    set("GIT_CONFIG_SYSTEM", "/dev/null");
    set("GIT_CEILING_DIRECTORIES", folder_);
    for (const char* name : {"GIT_ASKPASS", "SSH_ASKPASS", "GIT_SSH", "GIT_SSH_COMMAND",
                             "GIT_SSH_VARIANT", "GIT_DIR", "DISPLAY"}) {
      set(name, "");
      ::unsetenv(name);
    }
  }
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox() {
    for (const auto& [name, value] : old_) {
      if (value.empty()) {
        ::unsetenv(name.c_str());
      } else {
        ::setenv(name.c_str(), value.c_str(), 1);
      }
    }
    std::filesystem::remove_all(folder_);
  }

  const std::string& folder() const { return folder_; }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void set(const std::string& name, const std::string& value) {
    old_.emplace_back(name, env_or_empty(name.c_str()));
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  std::string write(const std::string& name, const std::string& text, unsigned mode = 0644) const {
    EXPECT_TRUE(write_file_atomically(path(name), text, Durability::none, mode).has_value());
    return path(name);
  }
  // An executable shell script.
  std::string script(const std::string& name, const std::string& body) const {
    return write(name, "#!/bin/sh\n" + body, 0755);
  }
  std::string read(const std::string& name) const {
    return read_file(path(name), 1U << 20U).value_or("");
  }

 private:
  std::string folder_;
  std::vector<std::pair<std::string, std::string>> old_;
};

}  // namespace lazylfs::lfs
