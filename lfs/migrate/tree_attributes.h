// Which files of one commit go through the LFS filter, asked file by file.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/attributes/filter_attributes.h"
#include "lfs/git/repository.h"

namespace lazylfs::lfs {

// Thread-compatible. Reads the folders that are asked about, each once.
class TreeAttributes {
 public:
  // `repository` must outlive it.
  TreeAttributes(const Repository& repository, const GitOid& root)
      : repository_(repository), root_(root) {}

  // Whether the root's attribute file can be used: Errc::invalid for a symbolic link.
  Result<void> check();
  // `path` is a file's. Errc::invalid when a .gitattributes on the way is a symbolic link.
  Result<bool> is_lfs(std::string_view path);

 private:
  struct Folder {
    GitOid tree;
    std::vector<FolderFilter::Level> levels;
    std::vector<TreeEntry> folders;
    std::unique_ptr<FolderFilter> filter;
  };
  Result<Folder*> folder(const std::string& path);

  const Repository& repository_;
  const GitOid root_;
  std::map<std::string, Folder, std::less<>> folders_;
};

}  // namespace lazylfs::lfs
