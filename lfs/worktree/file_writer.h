// Puts files into folders that are held open, so that no symbolic link is followed on the way.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <string>
#include <string_view>

#include "lfs/base/fd.h"

namespace lazylfs::lfs {

// The folder `path` (relative, "" for the root itself) below `root`, every part opened as a folder
// and not as a link. With `make`, missing parts are made. Errc::not_found, or Errc::invalid where
// something else than a folder is in the way.
Result<Fd> open_folder_below(int root, const std::string& path, bool make);

// Thread-safe.
class FileWriter {
 public:
  // Makes `name` in `folder` a regular file with the content of the file `source`: a reflink where
  // the file system can, else a copy. It appears whole; `replace` an existing one. Returns its
  // stat.
  Result<struct stat> write(int folder, const std::string& name, const std::string& source,
                            unsigned mode, bool replace);
  // Makes `name`, which must not exist, a file with `text`.
  static Result<void> write_text(int folder, const std::string& name, std::string_view text,
                                 unsigned mode);

 private:
  Result<void> fill(int to, const std::string& source);

  std::atomic<bool> can_clone_{true};
  std::atomic<bool> can_hide_{true};  // O_TMPFILE
};

}  // namespace lazylfs::lfs
