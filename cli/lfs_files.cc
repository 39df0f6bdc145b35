// The commit is read as a mount shows it, so that what a command fetches is what a mount would.
#include "cli/lfs_files.h"

#include <algorithm>

#include "fs/tree.h"
#include "lfs/base/files.h"
#include "lfs/base/result.h"

namespace lazylfs::cli {
namespace {

std::string join(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + '/' + std::string(name);
}

class Walk {
 public:
  Walk(fs::Tree& tree, const std::function<bool(std::string_view path)>& wanted)
      : tree_(tree), wanted_(wanted) {}

  // Everything below the tree's root, which is `folder` of the commit. Keeps its own stack: trees
  // may be deeper than ours.
  Result<std::vector<LfsFile>> below(const std::string& folder) {
    stack_.push_back({folder, fs::kRootInode});
    while (!stack_.empty()) {
      const Folder next = std::move(stack_.back());
      stack_.pop_back();
      TRY_CONTEXT(next.path, read(next));
    }
    return std::move(files_);
  }

  // One child of the tree's root.
  Result<std::vector<LfsFile>> one(const std::string& folder, const std::string& name) {
    TRY(add_file({folder, fs::kRootInode}, name));
    return std::move(files_);
  }

 private:
  struct Folder {
    std::string path;
    fs::InodeNumber ino;
  };
  struct Child {
    std::string name;
    lfs::EntryKind kind;
  };

  Result<void> read(const Folder& folder) {
    std::vector<Child> children;
    TRY(tree_.read_folder(folder.ino, 0,
                          [&](std::string_view name, const fs::Attributes& child, std::uint64_t) {
                            children.push_back({std::string(name), child.kind});
                            return true;
                          }));
    std::vector<Folder> folders;
    for (const Child& child : children) {
      if (lfs::is_file(child.kind)) {
        if (wanted_(join(folder.path, child.name))) TRY(add_file(folder, child.name));
      } else if (child.kind == lfs::EntryKind::folder) {
        const fs::Attributes found = TRY(tree_.lookup(folder.ino, child.name));
        folders.push_back({join(folder.path, child.name), found.ino});
      }
    }
    // The stack turns them round.
    stack_.insert(stack_.end(), folders.rbegin(), folders.rend());
    return {};
  }

  Result<void> add_file(const Folder& folder, const std::string& name) {
    const fs::Attributes found = TRY(tree_.lookup(folder.ino, name));
    if (!lfs::is_file(found.kind)) return {};
    const fs::Content content = TRY(tree_.content(found.ino));
    if (content.is_lfs) files_.push_back({join(folder.path, name), content.object});
    tree_.forget(found.ino, 1);
    return {};
  }

  fs::Tree& tree_;
  const std::function<bool(std::string_view path)>& wanted_;
  std::vector<Folder> stack_;
  std::vector<LfsFile> files_;
};

}  // namespace

Result<std::vector<LfsFile>> find_lfs_files(
    const lfs::Repository& repository, const lfs::Commit& commit, std::string_view path,
    const std::function<bool(std::string_view path)>& wanted) {
  const std::string whole(path);
  if (const auto tree = fs::Tree::open(repository, commit, {.subdir = whole})) {
    // Blobs that a blobless clone lacks are asked for in large batches there.
    (*tree)->preload([] { return false; });
    return Walk(**tree, wanted).below(whole);
  }
  const std::string parent = parent_path(whole);
  const std::string folder = parent == "." ? "" : parent;
  if (const auto tree = fs::Tree::open(repository, commit, {.subdir = folder})) {
    auto file = Walk(**tree, wanted).one(folder, base_name(whole));
    if (file || file.error().code() != Errc::not_found) return file;
  }
  return Error(Errc::not_found, whole + ": no such file or folder in that commit");
}

}  // namespace lazylfs::cli
