// The objects that a repository has already: .git/lfs/objects (or lfs.storage) and alternates.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lfs/base/oid.h"
#include "lfs/git/config.h"
#include "lfs/git/repository.h"

namespace lazylfs::lfs {

// aa/bb/<oid>: the layout of every LFS object store.
std::string object_relative_path(const Oid& oid);

// What decides where objects are: a Repository in short.
struct StorePlace {
  const std::string& common_folder;
  const std::string& objects_folder;
  const std::vector<std::string>& environment_alternates;
  const Config& config;
};

// Immutable; thread-safe.
class LocalStore {
 public:
  // The store of `repository` (lfs.storage, relative to the common folder), then those of its
  // alternates (objects/info/alternates, GIT_ALTERNATE_OBJECT_DIRECTORIES), read in place.
  static LocalStore of(const Repository& repository);
  static LocalStore of(const StorePlace& place);
  // Given folders that hold aa/bb/<oid> files.
  explicit LocalStore(std::vector<std::string> object_folders);

  // The path of a regular file of exactly id.size bytes; its hash is not checked.
  std::optional<std::string> find(const ObjectId& id) const;

  const std::vector<std::string>& object_folders() const { return object_folders_; }

 private:
  std::vector<std::string> object_folders_;
};

}  // namespace lazylfs::lfs
