// The daemon is our own executable, started anew with `mount --foreground --ready-fd=…`: a fork of
// a process with threads and open databases would inherit what it cannot use. It reports one line
// of JSON: {"ready": true}, or {"ready": false, "code": …, "message": …}.
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "fs/backend.h"
#include "fs/mount.h"
#include "fs/mount_arguments.h"
#include "fs/mount_point.h"
#include "fs/registry.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/base/url.h"

extern char** environ;

namespace lazylfs::fs {
namespace {

constexpr int kReadyFd = 3;
constexpr std::size_t kReportBytesMax = 64U << 10U;

// posix_spawn's two parameter objects, freed together.
class SpawnParameters {
 public:
  SpawnParameters() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  SpawnParameters(const SpawnParameters&) = delete;
  SpawnParameters& operator=(const SpawnParameters&) = delete;
  ~SpawnParameters() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

// Command lines can be read by every user, environments only by their own: the source, which may
// hold a password, goes this way.
constexpr const char* kSourceVariable = "LAZYLFS_MOUNT_SOURCE";

Result<pid_t> spawn_daemon(std::vector<std::string> words, const std::string& source,
                           const std::string& log_file, int ready_fd) {
  SpawnParameters parameters;
  auto* actions = &parameters.actions;
  posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, log_file.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_adddup2(actions, ready_fd, kReadyFd);
  posix_spawn_file_actions_addchdir_np(actions, "/");
  posix_spawnattr_setflags(&parameters.attributes, POSIX_SPAWN_SETSID);

  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::string setting = std::string(kSourceVariable) + "=" + source;
  std::vector<char*> environment = {setting.data()};
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  environment.push_back(nullptr);
  pid_t pid = 0;
  const int rc = ::posix_spawn(&pid, argv[0], actions, &parameters.attributes, argv.data(),
                               environment.data());
  if (rc != 0) return Error::from_errno("start the mount's daemon", rc);
  return pid;
}

Errc code_named(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Errc::io); ++i) {
    if (errc_name(static_cast<Errc>(i)) == name) return static_cast<Errc>(i);
  }
  return Errc::io;
}

}  // namespace

Result<void> start_mount_daemon(const MountOptions& options) {
  MountOptions own = options;
  own.mountpoint = canonical_mountpoint(options.mountpoint);
  if (!is_remote_source(own.source)) own.source = absolute_path(own.source);
  TRY(prepare_mountpoint(own.mountpoint));
  own.cache_folder = cache_folder_of(own);
  // Here, where git can talk to the user's terminal.
  (void)TRY(prepare_repository(own, false));
  own.interactive = false;

  const std::string logs = own.cache_folder + "/logs";
  TRY(make_folders(logs, 0700));
  const std::string log_file = logs + "/" + mount_digest(own.mountpoint) + ".log";
  Pipe pipe = TRY(make_pipe());
  std::vector<std::string> words = {own_executable(), "mount"};
  const std::string source = own.source;
  own.source = is_remote_source(source) ? redact_url(source) : source;
  for (std::string& word : to_arguments(own, kReadyFd)) words.push_back(std::move(word));
  (void)TRY(spawn_daemon(std::move(words), source, log_file, pipe.write_end.get()));
  pipe.write_end.reset();

  const std::string text = TRY(read_to_end(pipe.read_end.get(), kReportBytesMax));
  const Result<Json> report = parse_json(text);
  if (!report) return Error(Errc::io, "the mount's daemon ended early; its log is " + log_file);
  if (json_bool(*report, "ready").value_or(false)) return {};
  return Error(code_named(json_string(*report, "code").value_or("")),
               json_string(*report, "message").value_or("no reason given"));
}

Result<void> serve_mount_for_starter(const MountOptions& options, int ready_fd) {
  MountOptions own = options;
  own.source = env_or_empty(kSourceVariable);
  ::unsetenv(kSourceVariable);  // NOLINT(concurrency-mt-unsafe): no thread of ours runs yet
  Fd pipe(ready_fd);
  ::umask(077);
  (void)::fcntl(pipe.get(), F_SETFD, FD_CLOEXEC);
  const auto report = [&pipe](const Json& json) {
    // Nobody reads any more when the starter was killed; the mount goes on without it.
    (void)write_all(pipe.get(), dump_json(json) + "\n").has_value();
    pipe.reset();
  };
  const Result<void> served = serve_mount(own, true, [&report] { report({{"ready", true}}); });
  if (!served && pipe) {
    report({{"ready", false},
            {"code", std::string(errc_name(served.error().code()))},
            {"message", served.error().message()}});
  }
  return served;
}

}  // namespace lazylfs::fs
