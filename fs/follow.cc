#include "fs/follow.h"

#include "lfs/base/trace.h"

namespace lazylfs::fs {

Result<bool> Follower::check() {
  if (options_.update_clone && !options_.offline) {
    TRY(lfs::update_clone(backend_.repository.git_folder(), options_.ref, false));
  }
  const lfs::Commit commit =
      TRY(backend_.repository.resolve_commit(options_.ref.empty() ? "HEAD" : options_.ref));
  if (commit.oid == shown().oid) return false;
  const std::vector<std::string> names = TRY(backend_.tree->switch_to(commit));
  // From here on lookups give the new entries; what the kernel kept goes one name at a time.
  for (const std::string& name : names) notifier_.drop_entry(kRootInode, name);
  notifier_.drop_pages(kRootInode);
  notifier_.flush();
  *shown_.lock() = commit;
  log_line(LogLevel::info, "moved to commit " + commit.oid.hex());
  return true;
}

}  // namespace lazylfs::fs
