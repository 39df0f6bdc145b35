// What `fsck` looks for: LFS files that are no pointers, pointers that are not written as they
// should be, objects that are missing or damaged.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lfs/scan/pointer_scan.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

struct PointerProblem {
  enum class Kind { not_canonical, no_pointer };
  Kind kind = Kind::no_pointer;
  std::string path;
  GitOid blob;
  Oid oid;  // of the object; only when not_canonical
};

// The files of a commit's tree that the tree's own .gitattributes give to the LFS filter and that
// are not what they should be, in the order of the tree. Symbolic links are no LFS files.
Result<void> check_pointers(const Repository& repository, const GitOid& tree,
                            const std::function<void(const PointerProblem&)>& found);

struct ObjectProblem {
  PointerFile file;
  bool corrupt = false;  // else it could not be read
  std::string reason;    // why it could not be read, in the system's words
  std::string stored;    // where the corrupt file is
};

// Hashes the objects of `files`, several at a time; each object once. The problems, in the order
// of `files`.
std::vector<ObjectProblem> check_objects(const ObjectStore& store,
                                         const std::vector<PointerFile>& files);

}  // namespace lazylfs::lfs
