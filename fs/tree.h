// The tree that a mount shows: commits of a repository as inodes. Knows Git, nothing of FUSE.
//
// Inode numbers come from content identity: a file's from (blob or LFS OID, mode), so that equal
// content at two paths or commits shares its pages; a folder's from (tree OID, parent, name), since
// the kernel wants a folder in one place. Folders are loaded when first looked into.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/oid.h"
#include "lfs/base/result.h"
#include "lfs/git/repository.h"

namespace lazylfs::fs {

struct InodeNumber {
  std::uint64_t value = 0;
  auto operator<=>(const InodeNumber&) const = default;
};
inline constexpr InodeNumber kRootInode{1};

struct Attributes {
  InodeNumber ino;
  lfs::EntryKind kind = lfs::EntryKind::file;  // submodules are shown as folders
  std::uint64_t size = 0;
  std::int64_t mtime = 0;  // the commit's
};

// What a file's bytes are.
struct Content {
  bool is_lfs = false;
  ObjectId object;   // when is_lfs
  lfs::GitOid blob;  // always: the pointer's, or the plain blob's
  std::uint64_t size = 0;
};

// A neighbour in a folder, for read-ahead across files and speculative batch calls.
struct Sibling {
  InodeNumber ino;
  ObjectId object;
};

struct TreeOptions {
  std::string subdir;  // show only this folder
  // Adds .at/<branch, tag or commit>/… at the root, in place of an entry of that name. Branches and
  // tags are listed; remote branches, HEAD and (abbreviated) commit ids can be looked up.
  bool all_refs = false;
};

// Thread-safe. Folder loading may block on disk, and on the network in a blobless clone.
class Tree {
 public:
  // `repository` must outlive the tree. Fails when the subdir is no folder of the commit.
  static Result<std::unique_ptr<Tree>> open(const lfs::Repository& repository,
                                            const lfs::Commit& commit, TreeOptions options);
  virtual ~Tree() = default;
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  // The child `name`; counts one kernel reference, to be undone by forget().
  // Errc::not_found when there is none.
  virtual Result<Attributes> lookup(InodeNumber parent, std::string_view name) = 0;
  virtual void forget(InodeNumber ino, std::uint64_t count) = 0;
  // False when answering lookup() or read_folder() there would have to wait for git's network.
  virtual bool is_local(InodeNumber folder) = 0;
  // True of .at and the folders of refs in it: their entries move as refs do, without switch_to(),
  // so that the kernel must ask again.
  virtual bool is_changing(InodeNumber folder);

  virtual Result<Attributes> attributes(InodeNumber ino) = 0;
  // Calls `entry` for each child (not "." and "..") from position `offset`, until it returns false.
  // `next` is the position after that child. An entry that is to be given out with attributes
  // (readdirplus) must be counted with remember().
  virtual Result<void> read_folder(
      InodeNumber folder, std::uint64_t offset,
      const std::function<bool(std::string_view name, const Attributes&, std::uint64_t next)>&
          entry) = 0;
  virtual void remember(InodeNumber ino) = 0;  // as a successful lookup counts

  virtual Result<std::string> read_link(InodeNumber ino) = 0;
  virtual Result<Content> content(InodeNumber ino) = 0;
  // The commit that shows `ino` (the newest that the mount has shown it under).
  virtual lfs::Commit commit_of(InodeNumber ino) = 0;
  virtual InodeNumber parent_of(InodeNumber folder) = 0;  // the root's is the root

  // LFS files after (and not including) `ino` in a folder through which it was looked up, in name
  // order, at most `count_max`; from the folder's start when `ino` is its last or unknown.
  virtual std::vector<Sibling> siblings(InodeNumber ino, std::size_t count_max) = 0;

  // Moves the root to `commit`. Returns the names at the root that the kernel must forget (changed,
  // removed or added). Readers in flight go on with what they had.
  virtual Result<std::vector<std::string>> switch_to(const lfs::Commit& commit) = 0;

  // Loads every folder, blobs in batches, at low priority, until done or `stop` returns true.
  virtual void preload(const std::function<bool()>& stop) = 0;

  struct Totals {
    std::uint64_t files = 0, bytes = 0, folders = 0;  // known so far
  };
  virtual Totals totals() = 0;  // for statfs

 protected:
  Tree() = default;
};

}  // namespace lazylfs::fs
