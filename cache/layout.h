// Where things lie in the cache's folder. docs/FORMATS.md describes the files.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lfs/base/fd.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"

namespace lazylfs::cache {

// Immutable.
class Layout {
 public:
  explicit Layout(std::string folder) : folder_(std::move(folder)) {}

  // Makes the folders.
  Result<void> prepare() const;

  const std::string& folder() const { return folder_; }
  std::string index() const { return folder_ + "/index.db"; }
  std::string index_lock() const { return folder_ + "/index.lock"; }
  std::string objects() const { return folder_ + "/objects"; }
  std::string partials() const { return folder_ + "/partial"; }
  std::string temporaries() const { return folder_ + "/tmp"; }
  std::string object(const Oid& oid) const { return sharded(objects(), oid); }
  std::string partial_data(const Oid& oid) const { return sharded(partials(), oid) + ".data"; }
  std::string partial_map(const Oid& oid) const { return sharded(partials(), oid) + ".map"; }
  // A name that nobody else uses.
  std::string temporary() const;

  // The objects that have a file below `base` whose name ends in `suffix`.
  std::vector<Oid> scan(const std::string& base, const std::string& suffix) const;

 private:
  static std::string sharded(const std::string& base, const Oid& oid);

  std::string folder_;
};

// open(2) of a file that may be made, with the folders above it.
Result<Fd> open_making_folders(const std::string& path, int flags);

// Removes a file; true when it was there.
bool remove_file(const std::string& path);

}  // namespace lazylfs::cache
