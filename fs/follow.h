// --follow: the mount moves with its ref.
#pragma once

#include <string>

#include "fs/backend.h"
#include "fs/notifier.h"
#include "lfs/base/guarded.h"

namespace lazylfs::fs {

struct FollowOptions {
  std::string ref;  // a revision
  bool update_clone = false;
  bool offline = false;
};

// Thread-compatible: one thread checks. What changes is entries of the root only, since inode
// numbers come from content; pages stay, and readers in flight go on with what they had.
class Follower {
 public:
  Follower(Backend& backend, Notifier& notifier, FollowOptions options)
      : backend_(backend),
        notifier_(notifier),
        options_(std::move(options)),
        shown_(backend.commit) {}

  // Looks where the ref is now, and moves there. False when it stays.
  Result<bool> check();
  lfs::Commit shown() const { return *shown_.lock(); }

 private:
  Backend& backend_;
  Notifier& notifier_;
  FollowOptions options_;
  Guarded<lfs::Commit> shown_;
};

}  // namespace lazylfs::fs
