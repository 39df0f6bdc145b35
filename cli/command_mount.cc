// mount, unmount, mounts.
#include "cli/command_functions.h"
#include "cli/mount_options.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "fs/backend.h"
#include "fs/mount.h"
#include "fs/registry.h"
#include "fs/supervisor.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

std::string short_commit(const std::string& commit) { return commit.substr(0, 10); }

std::string what_is_shown(const fs::MountRecord& mount) {
  std::string text = mount.ref.empty() ? "HEAD" : mount.ref;
  text += " (" + short_commit(mount.commit) + ")";
  if (!mount.subdir.empty()) text += " /" + mount.subdir;
  if (mount.follow) text += ", follows";
  if (mount.all_refs) text += ", all refs";
  if (mount.offline) text += ", offline";
  return text;
}

void print_mounts(std::ostream& out, const std::vector<fs::MountRecord>& mounts) {
  std::vector<std::vector<std::string>> rows = {{"MOUNT POINT", "STATE", "PID", "SHOWS", "SOURCE"}};
  for (const fs::MountRecord& mount : mounts) {
    rows.push_back({printable(mount.mountpoint), mount.alive ? "serving" : "stale",
                    std::to_string(mount.pid), printable(what_is_shown(mount)),
                    printable(mount.source)});
  }
  if (rows.size() > 1) print_table(out, rows);
}

Json mounts_json(const std::vector<fs::MountRecord>& mounts, bool with_stats) {
  Json all = Json::array();
  for (const fs::MountRecord& mount : mounts) {
    Json one = fs::to_json(mount);
    if (with_stats) {
      const auto stats = mount.alive ? fs::ask_daemon(mount, Json{{"get", "stats"}})
                                     : Result<Json>(Error(Errc::not_found, "no daemon"));
      one["stats"] = stats ? *stats : Json();
    }
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

Result<ExitCode> run_mount(Context& context, const Arguments& arguments) {
  fs::MountOptions options = TRY(mount_options_from(arguments));
  options.interactive = context.interactive;
  // Asked here, because this failure alone has an exit code of its own.
  if (!fs::is_remote_source(options.source)) {
    const auto repository = lfs::Repository::discover(options.source);
    if (!repository && repository.error().code() == Errc::not_found) {
      context.err << repository.error().message() << '\n';
      return ExitCode::no_repository;
    }
  }
  if (arguments.is_set("foreground")) {
    const auto ready_fd = parse_int(arguments.value_or("ready-fd", ""));
    if (ready_fd) {
      TRY(fs::serve_mount_for_starter(options, static_cast<int>(*ready_fd)));
    } else {
      TRY(fs::serve_mount(options, fs::tell_supervisor_ready));
    }
    return ExitCode::ok;
  }
  TRY(fs::start_mount_daemon(options));
  return ExitCode::ok;
}

Result<ExitCode> run_unmount(Context& context, const Arguments& arguments) {
  std::vector<std::string> mountpoints;
  for (const std::string& path : arguments.positional) mountpoints.push_back(absolute_path(path));
  if (mountpoints.empty() && !arguments.is_set("all")) {
    return usage_error(context, "unmount", "name a mount point, or give --all");
  }
  const std::string cache_folder = TRY(Settings::load(arguments)).cache_folder();
  if (arguments.is_set("all")) {
    for (const fs::MountRecord& mount : fs::list_mounts(cache_folder)) {
      mountpoints.push_back(mount.mountpoint);
    }
  }
  ExitCode code = ExitCode::ok;
  for (const std::string& mountpoint : mountpoints) {
    const auto done = fs::unmount(mountpoint, arguments.is_set("lazy"), cache_folder);
    if (done) continue;
    context.err << done.error().message() << '\n';
    code = ExitCode::fatal;
  }
  return code;
}

Result<ExitCode> run_mounts(Context& context, const Arguments& arguments) {
  const Settings settings = TRY(Settings::load(arguments));
  const auto mounts = fs::list_mounts(settings.cache_folder());
  if (arguments.is_set("json")) {
    print_json(context.out, mounts_json(mounts, arguments.is_set("stats")));
  } else {
    print_mounts(context.out, mounts);
  }
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
