#include "lfs/scan/recent.h"

#include <algorithm>
#include <ctime>

#include "lfs/git/history.h"
#include "lfs/scan/history_scan.h"

namespace lazylfs::lfs {

Result<std::vector<RecentRef>> recent_refs(const Repository& repository, std::int64_t since,
                                           bool remotes, const std::string& remote) {
  std::vector<RecentRef> recent;
  const std::string wanted = remote.empty() ? "refs/remotes/" : "refs/remotes/" + remote + '/';
  for (const RefName& ref : repository.refs()) {
    const bool is_remote = ref.name.starts_with("refs/remotes/");
    if (is_remote && (!remotes || !ref.name.starts_with(wanted))) continue;
    const Result<CommitObject> commit = repository.read_commit(ref.target);
    if (!commit || commit->commit.time < since) continue;
    recent.push_back({ref.name, commit->commit});
  }
  std::stable_sort(recent.begin(), recent.end(), [](const RecentRef& a, const RecentRef& b) {
    return a.commit.time > b.commit.time;
  });
  return recent;
}

std::int64_t days_before(std::int64_t time, std::int64_t days) {
  constexpr std::int64_t kDaysMax = 365 * 10000;
  const auto seconds = static_cast<std::time_t>(time);
  struct tm local {};
  if (::localtime_r(&seconds, &local) == nullptr) return time;
  local.tm_mday -= static_cast<int>(std::clamp<std::int64_t>(days, -kDaysMax, kDaysMax));
  local.tm_isdst = -1;
  return static_cast<std::int64_t>(::mktime(&local));
}

Result<void> scan_previous_versions(const Repository& repository, const GitOid& tip,
                                    std::int64_t since,
                                    const std::function<Result<void>(PointerFile)>& found) {
  WalkOptions options;
  options.include = {tip};
  options.not_before = since;
  for (const CommitObject& commit : TRY(walk_commits(repository, options)).commits) {
    std::vector<BlobEntry> replaced;
    for (PathChange& change : TRY(changes_of(repository, commit))) {
      if (change.before.is_zero() || change.before == change.after) continue;
      replaced.push_back({std::move(change.path), change.before, EntryKind::file});
    }
    for (PointerFile& file : TRY(read_pointers(repository, std::move(replaced)))) {
      TRY(found(std::move(file)));
    }
  }
  return {};
}

}  // namespace lazylfs::lfs
