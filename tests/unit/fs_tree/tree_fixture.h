// A sandbox, its repository and trees of it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "fs/tree_impl.h"
#include "git_sandbox.h"
#include "lfs/base/text.h"

namespace lazylfs::fs {

class TreeTest : public ::testing::Test {
 protected:
  const lfs::Repository& repository() {
    if (!repository_) repository_.emplace(must(lfs::Repository::discover(sandbox_.folder())));
    return *repository_;
  }

  std::unique_ptr<TreeImpl> open(const std::string& revision, TreeOptions options = {}) {
    return must(TreeImpl::open(repository(), commit(revision), std::move(options)));
  }
  lfs::Commit commit(const std::string& revision) {
    return must(repository().resolve_commit(revision));
  }

  template <typename T>
  static T must(Result<T> result) {
    if (!result) {
      ADD_FAILURE() << result.error().message();
      std::abort();  // nothing sensible can follow
    }
    return std::move(*result);
  }

  static Attributes look_up(Tree& tree, std::string_view path) {
    Attributes found{.ino = kRootInode, .kind = lfs::EntryKind::folder};
    while (!path.empty()) found = must(tree.lookup(found.ino, take_until(path, '/')));
    return found;
  }

  // All entries of a folder, by name.
  static std::map<std::string, Attributes> list(Tree& tree, InodeNumber folder) {
    std::map<std::string, Attributes> entries;
    const Result<void> read = tree.read_folder(
        folder, 0, [&](std::string_view name, const Attributes& attributes, std::uint64_t) {
          EXPECT_TRUE(entries.emplace(name, attributes).second) << name << " twice";
          return true;
        });
    EXPECT_TRUE(read) << (read ? "" : read.error().message());
    return entries;
  }

  const GitSandbox sandbox_;
  std::optional<lfs::Repository> repository_;
};

}  // namespace lazylfs::fs
