#include "fs/tree.h"

#include <utility>

#include "fs/tree_impl.h"
#include "lfs/base/text.h"

namespace lazylfs::fs {

namespace {

// Without empty parts and "."; ".." is no name in a tree, and so is not found.
std::string clean_path(std::string_view path) {
  std::string clean;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (!clean.empty()) clean.push_back('/');
    clean.append(part);
  }
  return clean;
}

}  // namespace

bool Tree::is_changing(InodeNumber /*folder*/) { return false; }

Result<std::unique_ptr<Tree>> Tree::open(const lfs::Repository& repository,
                                         const lfs::Commit& commit, TreeOptions options) {
  return std::unique_ptr<Tree>(TRY(TreeImpl::open(repository, commit, std::move(options))));
}

Result<std::unique_ptr<TreeImpl>> TreeImpl::open(const lfs::Repository& repository,
                                                 const lfs::Commit& commit, TreeOptions options) {
  options.subdir = clean_path(options.subdir);
  std::unique_ptr<TreeImpl> tree(new TreeImpl(repository, std::move(options)));
  const std::shared_ptr<const Snapshot> snapshot =
      TRY(tree->loader_.open_snapshot(commit, tree->options_.subdir));
  const std::unique_lock lock(tree->mutex_);
  Folder& root = tree->folders_.at(tree->folders_.add(kRootInode.value, 0));
  root.tree = snapshot->tree;
  root.snapshot = snapshot;
  return tree;
}

}  // namespace lazylfs::fs
