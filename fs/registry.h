// Which mounts this user has: one JSON file a mount in <cache>/mounts/, removed at unmount, and the
// daemon's control socket beside it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lfs/base/json.h"
#include "lfs/base/result.h"

namespace lazylfs::fs {

struct MountRecord {
  std::string mountpoint{}, source{}, repository{};  // repository: what serves the tree
  std::string ref{}, commit{}, subdir{};
  std::int64_t pid = 0;
  std::int64_t started = 0;    // seconds since 1970
  std::int64_t pid_start = 0;  // the kernel's start time of the process, against reused ids
  bool follow = false, all_refs = false, offline = false;
  bool alive = false;  // computed when read: the process lives and the mount answers
  std::string log_file{}, socket{};
};

Json to_json(const MountRecord& record);

// The names of a mount's files begin with this: a digest of its mount point.
std::string mount_digest(const std::string& mountpoint);
// Writes or removes this process's record and, at removal, its socket.
Result<void> write_record(const std::string& cache_folder, const MountRecord& record);
void remove_record(const std::string& cache_folder, const MountRecord& record);
// Lives under that id since that time, whatever else may have got its number.
bool process_lives(std::int64_t pid, std::int64_t start_ticks);

// Of the cache at `cache_folder`, by mount point. Records of dead daemons have alive == false.
std::vector<MountRecord> list_mounts(const std::string& cache_folder);
// The mount that contains `path`, and the rest of the path inside it.
struct PathInMount {
  MountRecord mount;
  std::string path;
};
std::optional<PathInMount> find_mount(const std::string& cache_folder, const std::string& path);

// Asks a daemon: one JSON object to its control socket, one back. Requests: {"get":"stats"},
// {"get":"mount"}, {"set":"offline","value":bool}, {"set":"log","value":"debug"}, {"do":"sync"}.
// Errc::not_found when nobody listens; a deadline of two seconds.
Result<Json> ask_daemon(const MountRecord& record, const Json& request);

// The cache folder that commands and mounts share: $LAZYLFS_CACHE, else `configured` (the key
// lfs.cache.folder), else $XDG_CACHE_HOME/lazylfs, else ~/.cache/lazylfs.
std::string cache_folder(const std::string& configured);

}  // namespace lazylfs::fs
