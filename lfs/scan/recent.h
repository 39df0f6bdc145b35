// What `fetch --recent` means by recent.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lfs/scan/pointer_scan.h"

namespace lazylfs::lfs {

struct RecentRef {
  std::string name;  // full
  Commit commit;
};

// Branches, tags and (of `remote`, or of all when it is empty, if `remotes`) remote branches whose
// commit is not older than `since`; newest first.
Result<std::vector<RecentRef>> recent_refs(const Repository& repository, std::int64_t since,
                                           bool remotes, const std::string& remote);

// The same time of day `days` calendar days before `time` (seconds since 1970).
std::int64_t days_before(std::int64_t time, std::int64_t days);

// Pointers that commits reachable from `tip`, not older than `since`, replaced or removed.
Result<void> scan_previous_versions(const Repository& repository, const GitOid& tip,
                                    std::int64_t since,
                                    const std::function<Result<void>(PointerFile)>& found);

}  // namespace lazylfs::lfs
