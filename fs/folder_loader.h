// Reads a folder of a commit from Git: its entries with sizes, LFS pointers resolved.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fs/content_table.h"
#include "fs/folder.h"
#include "lfs/attributes/filter_attributes.h"
#include "lfs/git/repository.h"

namespace lazylfs::fs {

struct FolderRequest {
  lfs::GitOid tree;
  std::string path;                              // in the commit's tree
  std::vector<lfs::FolderFilter::Level> levels;  // the .gitattributes above
  std::uint64_t context = 0;                     // a digest of them
};

struct LoadedEntry {
  std::string name;
  lfs::EntryKind kind = lfs::EntryKind::file;
  lfs::GitOid oid;
  ContentInfo content;           // of files and symlinks
  std::uint64_t wanted_ino = 0;  // theirs
};

struct LoadedFolder {
  std::vector<LoadedEntry> entries;                  // by the bytes of their names
  std::shared_ptr<const lfs::AttributeRules> rules;  // the folder's own; null when it has none
  std::uint64_t context = 0;                         // of its children
  // Objects to ask of the network first; the rest is then incomplete.
  std::vector<lfs::GitOid> missing;
};

// Thread-safe.
class FolderLoader {
 public:
  explicit FolderLoader(const lfs::Repository& repository) : repository_(repository) {}

  // Without the network: see LoadedFolder::missing.
  Result<LoadedFolder> load_local(const FolderRequest& request) const;
  // Fetches what is missing, in one call.
  Result<LoadedFolder> load(const FolderRequest& request) const;

  // What `commit` shows at `path`. Errc::not_found when that is no folder there.
  Result<std::shared_ptr<const Snapshot>> open_snapshot(const lfs::Commit& commit,
                                                        const std::string& path) const;

 private:
  Result<LoadedFolder> load_rules_only(const FolderRequest& request) const;
  Result<void> read_rules(const FolderRequest& request, LoadedFolder& folder) const;
  Result<bool> read_entry(LoadedEntry& entry, bool is_lfs_path) const;

  const lfs::Repository& repository_;
};

}  // namespace lazylfs::fs
