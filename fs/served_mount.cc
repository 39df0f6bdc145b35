// The order in which a mount ends matters, since each part may wait for another:
//
//  1. The mount point goes away and the FUSE workers end; no request comes any more.
//  2. Waiting reads are answered with EINTR (readers of a lazily detached mount still wait), so
//     that the kernel's page locks go, which a notification may wait for.
//  3. The threads beside end: preload, control, following, maintenance, notifier.
//  4. The connection closes; now nothing holds a request.
//  5. Files close, then cache, downloader and engine end.
#include "fs/served_mount.h"

#include <sys/resource.h>
#include <unistd.h>

#include <ctime>

#include "lfs/base/trace.h"

namespace lazylfs::fs {
namespace {

constexpr std::chrono::seconds kMaintenanceInterval{1};

}  // namespace

ServedMount::ServedMount(MountOptions options, std::unique_ptr<Backend> backend)
    : options_(std::move(options)),
      backend_(std::move(backend)),
      started_(std::time(nullptr)),
      offline_(options_.offline) {}

ServedMount::~ServedMount() {
  if (connection_) connection_->unmount();
  if (file_system_) file_system_->reads.close();
  preload_.request_stop();
  control_.reset();
  following_.reset();
  maintenance_.reset();
  if (preload_.joinable()) preload_.join();
  if (file_system_) {
    file_system_->notifier = nullptr;
    file_system_->reads.set_notifier(nullptr);
    file_system_->desk.wait_until_idle();
  }
  notifier_.reset();
  if (backend_) remove_record(backend_->cache_folder, record());
  // The connection's session refers to the file system until it is destroyed.
  connection_.reset();
  file_system_.reset();
}

Result<void> ServedMount::start() {
  const bool passthrough =
      options_.passthrough == PassthroughMode::automatic && !options_.small_files;
  connection_ = TRY(FuseConnection::create({.mountpoint = options_.mountpoint,
                                            .source = backend_->source,
                                            .shown_source = options_.shown_source,
                                            .allow_other = options_.allow_other,
                                            .no_exec = options_.no_exec,
                                            .passthrough = passthrough}));
  file_system_ = std::make_unique<FileSystem>(
      FileSystemParts{.tree = *backend_->tree,
                      .cache = *backend_->cache,
                      .source = *backend_->cache_source,
                      .downloader = *backend_->downloader,
                      .repository = backend_->repository,
                      .metrics = backend_->metrics},
      FileSystemOptions{.spool_folder = backend_->cache_folder + "/tmp",
                        .follow = options_.follow,
                        .all_refs = options_.all_refs,
                        .open_requests = passthrough,
                        .uid = options_.uid,
                        .gid = options_.gid,
                        .control = {.stats = [this] { return stats(); },
                                    .mount = [this] { return to_json(record()); }}},
      connection_->passthrough());
  TRY(connection_->mount(*file_system_));

  notifier_ = std::make_unique<Notifier>(connection_->session());
  file_system_->notifier = notifier_.get();
  file_system_->reads.set_notifier(notifier_.get());
  TRY(write_record(backend_->cache_folder, record()));
  Result<std::unique_ptr<ControlServer>> control = ControlServer::start(
      record().socket, [this](const Json& request) { return answer(request); });
  if (!control) return control.error();
  control_ = std::move(*control);
  maintenance_ = std::make_unique<Periodic>(kMaintenanceInterval, [this] { maintain(); });
  if (options_.follow) {
    follower_ = std::make_unique<Follower>(
        *backend_, *notifier_,
        FollowOptions{.ref = options_.ref, .update_clone = backend_->is_url, .offline = offline_});
    following_ = std::make_unique<Periodic>(options_.follow_interval, [this] { follow(); });
  }
  preload_ = std::jthread([this](const std::stop_token& stop) {
    // Listing the tree early must not compete with whoever reads it now.
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 10);
    backend_->tree->preload([&stop] { return stop.stop_requested(); });
  });
  log_line(LogLevel::info, "mounted " + backend_->source + " at " + options_.mountpoint);
  return {};
}

void ServedMount::stop() {
  file_system_->reads.close();
  connection_->unmount();
}

void ServedMount::wait() {
  connection_->wait();
  log_line(LogLevel::info, "unmounted " + options_.mountpoint);
}

MountRecord ServedMount::record() const {
  const lfs::Commit commit = follower_ ? follower_->shown() : backend_->commit;
  const std::string digest = mount_digest(options_.mountpoint);
  return {.mountpoint = options_.mountpoint,
          .source = backend_->source,
          .repository = backend_->repository.git_folder(),
          .ref = options_.ref,
          .commit = commit.oid.hex(),
          .subdir = options_.subdir,
          .pid = ::getpid(),
          .started = started_,
          .follow = options_.follow,
          .all_refs = options_.all_refs,
          .offline = offline_,
          .alive = true,
          .log_file = backend_->cache_folder + "/logs/" + digest + ".log",
          .socket = backend_->cache_folder + "/mounts/" + digest + ".sock"};
}

Json ServedMount::stats() const {
  Json result = backend_->metrics.to_json();
  if (const auto totals = backend_->cache->totals()) {
    result["cache"] = {{"objects", totals->objects},
                       {"complete", totals->complete},
                       {"partial", totals->partial},
                       {"quarantined", totals->quarantined},
                       {"pinned", totals->pinned},
                       {"bytes", totals->bytes},
                       {"size_max", totals->size_max},
                       {"free_space", totals->free_space},
                       {"free_space_min", totals->free_space_min}};
  }
  return result;
}

Json ServedMount::sync() {
  if (!following_) return {{"error", "this mount does not follow its ref"}};
  following_->run_now();
  return {{"commit", follower_->shown().oid.hex()}};
}

Json ServedMount::answer(const Json& request) {
  const std::string get = json_string(request, "get").value_or("");
  if (get == "stats") return stats();
  if (get == "mount") return to_json(record());
  if (json_string(request, "do").value_or("") == "sync") return sync();
  const std::string set = json_string(request, "set").value_or("");
  if (const auto value = json_bool(request, "value"); set == "offline" && value) {
    offline_ = *value;
    backend_->downloader->set_offline(*value);
    (void)write_record(backend_->cache_folder, record()).has_value();
    return {{"offline", *value}};
  }
  if (const auto value = json_string(request, "value"); set == "log" && value) {
    for (const LogLevel level :
         {LogLevel::error, LogLevel::warning, LogLevel::info, LogLevel::debug}) {
      constexpr std::array<std::string_view, 4> kNames = {"error", "warning", "info", "debug"};
      if (kNames.at(static_cast<std::size_t>(level)) != *value) continue;
      set_log_level(level);
      return {{"log", *value}};
    }
  }
  return {{"error", "unknown request"}};
}

void ServedMount::maintain() {
  file_system_->files.close_idle();
  file_system_->reads.drop_quarantined();
  file_system_->drop_ref_listings();
  backend_->repository.close_idle_packs();
}

void ServedMount::follow() {
  const Result<bool> moved = follower_->check();
  if (!moved.has_value()) {
    log_line(LogLevel::warning, "cannot follow the ref: " + moved.error().message());
  } else if (*moved) {
    (void)write_record(backend_->cache_folder, record()).has_value();
  }
}

}  // namespace lazylfs::fs
