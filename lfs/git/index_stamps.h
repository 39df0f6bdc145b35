// Brings the index up to date with files that this program wrote.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "lfs/git/repository.h"

namespace lazylfs::lfs {

// A file whose content, run through the LFS filter, is the blob.
struct WrittenFile {
  std::string path;
  GitOid blob;
  struct stat status {};
};

// Where the index has `blob` at the path and the file goes through the LFS filter, its stamp is
// set, under git's lock. What cannot be done so is left to `git update-index --refresh`. Nothing
// happens when somebody else holds the lock: git will look again.
Result<void> set_index_stamps(const Repository& repository, const std::vector<WrittenFile>& files);

}  // namespace lazylfs::lfs
