#include "lfs/git/discovery.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include <git2/sys/repository.h>

#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/git/git_command.h"

namespace lazylfs::lfs {
namespace {

std::string without_slash(const char* path) {
  std::string text = path == nullptr ? "" : path;
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

bool is_ours(const std::string& path) {
  struct stat status {};
  return path.empty() || ::lstat(path.c_str(), &status) != 0 || status.st_uid == ::geteuid();
}

// safe.directory: a repository of somebody else's is used only when git would. Git is asked only
// then, since a process costs more than the rest of the discovery.
Result<void> check_owner(const DiscoveredRepository& repository, const std::string& path) {
  const std::string dot_git = repository.work_tree.empty() ? "" : repository.work_tree + "/.git";
  if (is_ours(repository.git_folder) && is_ours(repository.work_tree) && is_ours(dot_git)) {
    return {};
  }
  Command command = git_command({"rev-parse", "--git-dir"}, repository.git_folder);
  command.folder = is_folder(path) ? path : parent_path(path);
  std::erase_if(command.set_environment,
                [](const std::string& setting) { return setting.starts_with("GIT_DIR="); });
  command.unset_environment.emplace_back("GIT_DIR");
  const CommandOutput output = TRY(run_command(command));
  if (output.exit_code == 0) return {};
  std::string advice(trim(output.err));
  if (advice.starts_with("fatal: ")) advice.erase(0, 7);
  return Error(Errc::denied, std::move(advice));
}

std::string config_value(git_config* config, const char* key) {
  git_buf value = GIT_BUF_INIT;
  std::string text;
  if (git_config_get_string_buf(&value, config, key) == 0) text.assign(value.ptr, value.size);
  git_buf_dispose(&value);
  return text;
}

std::vector<std::string> promisor_remotes(git_config* config) {
  std::vector<std::string> names;
  const std::string extension = config_value(config, "extensions.partialclone");
  if (!extension.empty()) names.push_back(extension);
  ConfigIteratorHandle iterator;
  // Not the iterator that filters: its regular expressions leak in libgit2 1.5.
  if (git_config_iterator_new(Out(iterator), config) != 0) return names;
  git_config_entry* entry = nullptr;
  while (git_config_next(&entry, iterator.get()) == 0) {
    int on = 0;
    std::string_view key = entry->name;
    constexpr std::string_view kStart = "remote.";
    constexpr std::string_view kEnd = ".promisor";
    if (key.size() <= kStart.size() + kEnd.size()) continue;
    if (!key.starts_with(kStart) || !key.ends_with(kEnd)) continue;
    key.remove_prefix(kStart.size());
    key.remove_suffix(kEnd.size());
    const std::string name(key);
    const bool known = std::find(names.begin(), names.end(), name) != names.end();
    if (entry->value != nullptr && git_config_parse_bool(&on, entry->value) != 0) continue;
    if ((entry->value == nullptr || on != 0) && !known) names.push_back(name);
  }
  return names;
}

Error open_failure(int rc, const std::string& path) {
  if (rc == GIT_ENOTFOUND) {
    return {Errc::not_found,
            path + (file_exists(path) ? ": not a git repository (nor any folder above)"
                                      : ": no such file or folder")};
  }
  const Error error = libgit2_error(rc, path);
  const bool extension = error.message().find("extension") != std::string::npos;
  return {extension ? Errc::unsupported : Errc::invalid, error.message()};
}

Result<void> check_format(git_config* config, const std::string& path) {
  const std::string format = to_lower(config_value(config, "extensions.objectformat"));
  if (format.empty() || format == "sha1") return {};
  return Error(Errc::unsupported, path + ": the repository's object format is " + format +
                                      "; only SHA-1 repositories are supported");
}

// What git takes for the work tree when GIT_DIR is given.
std::string work_tree_from_environment(git_repository* repository, git_config* config) {
  const std::string given = env_or_empty("GIT_WORK_TREE");
  if (!given.empty()) return absolute_path(given);
  if (git_repository_is_bare(repository) != 0) return "";
  if (!config_value(config, "core.worktree").empty()) {
    return without_slash(git_repository_workdir(repository));
  }
  return absolute_path(".");
}

Result<void> find_objects(DiscoveredRepository& found) {
  const std::string folder = env_or_empty("GIT_OBJECT_DIRECTORY");
  found.objects_folder = folder.empty() ? found.common_folder + "/objects" : absolute_path(folder);
  const std::string alternates = env_or_empty("GIT_ALTERNATE_OBJECT_DIRECTORIES");
  for (const std::string_view item : split(alternates, ':')) {
    if (!item.empty()) found.environment_alternates.push_back(absolute_path(std::string(item)));
  }
  if (folder.empty() && found.environment_alternates.empty()) return {};
  OdbHandle odb;
  int rc = git_odb_open(Out(odb), found.objects_folder.c_str());
  for (const std::string& alternate : found.environment_alternates) {
    if (rc == 0) rc = git_odb_add_disk_alternate(odb.get(), alternate.c_str());
  }
  if (rc == 0) rc = git_repository_set_odb(found.handle.get(), odb.get());
  if (rc != 0) return libgit2_error(rc, "open the objects of " + found.objects_folder);
  return {};
}

}  // namespace

Result<DiscoveredRepository> discover_repository(const std::string& path) {
  start_libgit2();
  const bool here = path.empty() || path == "." || path == "./";
  const std::string git_dir = here ? env_or_empty("GIT_DIR") : "";
  const std::string start = absolute_path(!git_dir.empty() ? git_dir : here ? "." : path);
  struct stat status {};
  const bool plain_file = ::stat(start.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  const std::string folder = plain_file && base_name(start) != ".git" ? parent_path(start) : start;

  unsigned flags = 0;
  if (!git_dir.empty()) flags |= GIT_REPOSITORY_OPEN_NO_SEARCH;
  if (equals_ignoring_case(env_or_empty("GIT_DISCOVERY_ACROSS_FILESYSTEM"), "true") ||
      env_or_empty("GIT_DISCOVERY_ACROSS_FILESYSTEM") == "1") {
    flags |= GIT_REPOSITORY_OPEN_CROSS_FS;
  }
  const std::string ceilings = env_or_empty("GIT_CEILING_DIRECTORIES");
  DiscoveredRepository found;
  const int rc = git_repository_open_ext(Out(found.handle), folder.c_str(), flags,
                                         ceilings.empty() ? nullptr : ceilings.c_str());
  if (rc != 0) return open_failure(rc, start);

  git_repository* repository = found.handle.get();
  found.git_folder = without_slash(git_repository_path(repository));
  found.common_folder = without_slash(git_repository_commondir(repository));
  found.work_tree = without_slash(git_repository_workdir(repository));
  // An explicit GIT_DIR counts as the user's consent, as in git.
  if (git_dir.empty()) TRY(check_owner(found, folder));

  ConfigHandle config;
  if (const int failed = git_repository_config_snapshot(Out(config), repository); failed != 0) {
    return libgit2_error(failed, start + ": read the configuration");
  }
  TRY(check_format(config.get(), start));
  if (!git_dir.empty()) found.work_tree = work_tree_from_environment(repository, config.get());
  found.promisors = promisor_remotes(config.get());
  TRY(find_objects(found));
  return found;
}

}  // namespace lazylfs::lfs
