// In which mode the kernel has a file open: through its page cache, or handed to a backing file.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>

#include "fs/tree.h"
#include "lfs/base/guarded.h"
#include "lfs/base/result.h"

namespace lazylfs::fs {

// The kernel fixes an inode's mode while it is open anywhere, and knows one backing id an inode;
// an answer that mixes modes fails with EIO. So the mode is chosen at the first open, and chosen
// anew when the last one is released:
//
//   closed --open, content complete--> passthrough(n, id) --last release--> closed
//   closed --open, otherwise---------> cached(n)          --last release--> closed
//
// Our counts are never below the kernel's, since a release reaches us after the kernel forgot the
// open. Thread-safe; `open_backing` and `close_backing` run under the lock, because two first
// opens at once must not make two ids. Both are single ioctls.
class IoModes {
 public:
  struct Opened {
    int backing_id = 0;       // 0: cached
    bool drop_pages = false;  // the kernel's own copy of the content is of no use any more
  };

  using OpenBacking = std::function<Result<int>(int fd)>;
  using CloseBacking = std::function<void(int id)>;

  IoModes(OpenBacking open_backing, CloseBacking close_backing)
      : open_backing_(std::move(open_backing)), close_backing_(std::move(close_backing)) {}

  // `complete_fd`: the whole, verified content, or -1 while it is not here.
  Opened open(InodeNumber ino, int complete_fd);
  void release(InodeNumber ino);

 private:
  struct State {
    std::uint64_t opens = 0;
    int backing_id = 0;
    bool has_pages = false;  // was open cached before
  };

  OpenBacking open_backing_;
  CloseBacking close_backing_;
  Guarded<std::unordered_map<std::uint64_t, State>> inodes_;
};

}  // namespace lazylfs::fs
