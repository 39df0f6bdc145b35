#include "fs/registry.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "fs/mount_point.h"
#include "fs/socket_path.h"
#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/sha256.h"
#include "lfs/base/text.h"

namespace lazylfs::fs {
namespace {

constexpr std::size_t kRecordBytesMax = 64U << 10U;
constexpr std::size_t kAnswerBytesMax = 4U << 20U;
constexpr std::size_t kDigestDigits = 16;
constexpr std::chrono::seconds kAnswerDeadline{2};

std::string record_path(const std::string& cache_folder, const std::string& mountpoint) {
  return cache_folder + "/mounts/" + mount_digest(mountpoint) + ".json";
}

// The 22nd field of /proc/<pid>/stat; the second may contain anything but ends at the last ')'.
// Zero for a process that has ended, also when its parent has not noticed yet.
std::int64_t start_ticks_of(std::int64_t pid) {
  const Result<Fd> file = open_file("/proc/" + std::to_string(pid) + "/stat", O_RDONLY);
  if (!file) return 0;
  const std::string text = read_to_end(file->get(), 4096).value_or(std::string());
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos || end + 2 > text.size()) return 0;
  const std::vector<std::string_view> words = split(std::string_view(text).substr(end + 2), ' ');
  if (words[0] == "Z" || words[0] == "X") return 0;
  constexpr std::size_t kStartTime = 19;  // counted from the state, the third field
  return words.size() > kStartTime ? parse_int(words[kStartTime]).value_or(0) : 0;
}

std::optional<MountRecord> read_record(const std::string& path) {
  const Result<std::string> text = read_file(path, kRecordBytesMax);
  if (!text) return std::nullopt;
  const Result<Json> json = parse_json(*text);
  if (!json || !json->is_object()) return std::nullopt;
  const auto word = [&](const char* key) { return json_string(*json, key).value_or(""); };
  const auto flag = [&](const char* key) { return json_bool(*json, key).value_or(false); };
  MountRecord record{.mountpoint = word("mountpoint"),
                     .source = word("source"),
                     .repository = word("repository"),
                     .ref = word("ref"),
                     .commit = word("commit"),
                     .subdir = word("subdir"),
                     .pid = json_int(*json, "pid").value_or(0),
                     .started = json_int(*json, "started").value_or(0),
                     .pid_start = json_int(*json, "pid_start").value_or(0),
                     .follow = flag("follow"),
                     .all_refs = flag("all_refs"),
                     .offline = flag("offline"),
                     .alive = false,
                     .log_file = word("log_file"),
                     .socket = word("socket")};
  if (record.mountpoint.empty()) return std::nullopt;
  return record;
}

}  // namespace

Json to_json(const MountRecord& record) {
  return {{"mountpoint", record.mountpoint},
          {"source", record.source},
          {"repository", record.repository},
          {"ref", record.ref},
          {"commit", record.commit},
          {"subdir", record.subdir},
          {"pid", record.pid},
          {"started", record.started},
          {"pid_start", record.pid_start},
          {"follow", record.follow},
          {"all_refs", record.all_refs},
          {"offline", record.offline},
          {"alive", record.alive},
          {"log_file", record.log_file},
          {"socket", record.socket}};
}

std::string mount_digest(const std::string& mountpoint) {
  return Sha256::of(mountpoint).hex().substr(0, kDigestDigits);
}

Result<void> write_record(const std::string& cache_folder, const MountRecord& record) {
  TRY(make_folders(cache_folder + "/mounts", 0700));
  MountRecord own = record;
  own.pid = ::getpid();
  own.pid_start = start_ticks_of(own.pid);
  own.alive = true;
  return write_file_atomically(record_path(cache_folder, record.mountpoint),
                               dump_json(to_json(own), 2) + "\n", Durability::none, 0600);
}

void remove_record(const std::string& cache_folder, const MountRecord& record) {
  (void)::unlink(record_path(cache_folder, record.mountpoint).c_str());
  if (!record.socket.empty()) (void)::unlink(record.socket.c_str());
}

bool process_lives(std::int64_t pid, std::int64_t start_ticks) {
  if (pid <= 0) return false;
  const std::int64_t ticks = start_ticks_of(pid);
  return ticks != 0 && (start_ticks == 0 || ticks == start_ticks);
}

std::vector<MountRecord> list_mounts(const std::string& cache_folder) {
  std::vector<MountRecord> records;
  const std::vector<KernelMount> mounted = kernel_mounts();
  std::error_code error;
  for (std::filesystem::directory_iterator entry(cache_folder + "/mounts", error), end;
       !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() != ".json") continue;
    std::optional<MountRecord> record = read_record(entry->path().string());
    if (!record) continue;
    const bool is_mounted = std::ranges::any_of(mounted, [&](const KernelMount& mount) {
      return mount.is_ours() && mount.mountpoint == record->mountpoint;
    });
    record->alive = is_mounted && process_lives(record->pid, record->pid_start);
    records.push_back(std::move(*record));
  }
  std::ranges::sort(records, {}, &MountRecord::mountpoint);
  return records;
}

std::optional<PathInMount> find_mount(const std::string& cache_folder, const std::string& path) {
  std::string full = absolute_path(path);
  // Links on the way to the mount are resolved; inside it the name counts, as links there may
  // point anywhere.
  std::error_code error;
  const auto parent = std::filesystem::weakly_canonical(parent_path(full), error);
  if (!error) full = (parent / base_name(full)).string();
  std::optional<PathInMount> best;
  for (MountRecord& record : list_mounts(cache_folder)) {
    const std::string& mountpoint = record.mountpoint;
    const bool inside = full == mountpoint || full.starts_with(mountpoint + "/");
    if (!inside || (best && best->mount.mountpoint.size() > mountpoint.size())) continue;
    std::string rest = full.size() > mountpoint.size() ? full.substr(mountpoint.size() + 1) : "";
    best = PathInMount{.mount = std::move(record), .path = std::move(rest)};
  }
  return best;
}

Result<Json> ask_daemon(const MountRecord& record, const Json& request) {
  const SocketAddress address = TRY(SocketAddress::of(record.socket));
  const Fd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connection) return Error::from_errno("socket", errno);
  const timeval deadline{.tv_sec = kAnswerDeadline.count(), .tv_usec = 0};
  (void)::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
  (void)::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
  if (::connect(connection.get(), address.get(), address.size()) != 0) {
    return Error(Errc::not_found, "no daemon answers for " + record.mountpoint);
  }
  TRY(write_all(connection.get(), dump_json(request) + "\n"));
  (void)::shutdown(connection.get(), SHUT_WR);
  return parse_json(TRY(read_to_end(connection.get(), kAnswerBytesMax)));
}

std::string cache_folder(const std::string& configured) {
  const std::string ours = env_or_empty("LAZYLFS_CACHE");
  if (!ours.empty()) return absolute_path(ours);
  if (configured.starts_with("~/")) return home_folder() + configured.substr(1);
  if (!configured.empty()) return absolute_path(configured);
  const std::string xdg = env_or_empty("XDG_CACHE_HOME");
  if (xdg.starts_with('/')) return xdg + "/lazylfs";
  return home_folder() + "/.cache/lazylfs";
}

}  // namespace lazylfs::fs
