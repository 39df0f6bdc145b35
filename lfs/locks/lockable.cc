#include "lfs/locks/lockable.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <set>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/git/config.h"
#include "lfs/store/clone_file.h"

// Git itself decides which files are lockable (`git check-attr`), so that its rules for macros,
// nested files and case hold. As nearly every repository has none, the attributes files are first
// searched for the word: what a hook costs everybody is then one `git ls-files` with a pathspec.
namespace lazylfs::lfs {
namespace {

constexpr std::size_t kAttributesBytesMax = 64U << 20U;

bool mentions_lockable(const std::string& path) {
  const auto text = read_file(path, kAttributesBytesMax);
  return text && text->find("lockable") != std::string::npos;
}

std::vector<std::string> split_nul(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) parts.emplace_back(take_until(text, '\0'));
  return parts;
}

std::string user_attributes_file(const Config& config) {
  if (const auto file = config.get("core.attributesfile"); file && !file->empty()) {
    return file->starts_with("~/") ? home_folder() + file->substr(1) : *file;
  }
  const std::string xdg = env_or_empty("XDG_CONFIG_HOME");
  return (xdg.empty() ? home_folder() + "/.config" : xdg) + "/git/attributes";
}

bool is_false(const std::string& text) {
  const std::string lower = to_lower(text);
  return lower == "false" || lower == "0" || lower == "no" || lower == "off" || lower == "f";
}

}  // namespace

bool manages_write_bits(const Config& config) {
  return !is_false(env_or_empty("GIT_LFS_SET_LOCKABLE_READONLY")) &&
         config.get_bool("lfs.setlockablereadonly", true);
}

Result<std::string> LockableFiles::git(std::vector<std::string> arguments,
                                       std::string_view input) const {
  lazylfs::Command command;
  command.argv = {"git"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.folder = repository_.work_tree();
  RunOptions options;
  options.input = input;
  options.output_bytes_max = std::size_t{1} << 30U;
  return run_command_checked(command, options);
}

Result<bool> LockableFiles::are_possible() const {
  if (mentions_lockable(repository_.common_folder() + "/info/attributes") ||
      mentions_lockable(user_attributes_file(repository_.config())) ||
      mentions_lockable("/etc/gitattributes")) {
    return true;
  }
  const std::string listed = TRY(git({"ls-files", "-z", "--cached", "--others",
                                      "--exclude-standard", "--", ":(glob)**/.gitattributes"}));
  std::vector<std::string> absent;
  for (const std::string& path : split_nul(listed)) {
    const std::string file = repository_.work_tree() + '/' + path;
    if (mentions_lockable(file)) return true;
    if (!file_exists(file)) absent.push_back(path);
  }
  // In a sparse work tree git takes attributes from the index.
  for (const std::string& path : absent) {
    const auto text = git({"cat-file", "blob", ":" + path});
    if (text && text->find("lockable") != std::string::npos) return true;
  }
  return false;
}

Result<std::vector<std::string>> LockableFiles::among(const std::vector<std::string>& paths) const {
  std::vector<std::string> lockable;
  if (paths.empty()) return lockable;
  std::string input;
  for (const std::string& path : paths) input.append(path).push_back('\0');
  // path NUL attribute NUL value NUL
  const std::vector<std::string> answers =
      split_nul(TRY(git({"check-attr", "-z", "--stdin", "lockable"}, input)));
  for (std::size_t i = 0; i + 2 < answers.size(); i += 3) {
    if (answers[i + 2] == "set" || answers[i + 2] == "true") lockable.push_back(answers[i]);
  }
  return lockable;
}

Result<std::vector<std::string>> LockableFiles::changed(const std::string& from,
                                                        const std::string& to) const {
  std::vector<std::string> arguments = {"diff-tree", "--no-commit-id", "--name-only", "-r", "-z"};
  if (!from.empty()) arguments.push_back(from);
  arguments.push_back(to);
  arguments.emplace_back("--");
  const std::string listed = TRY(git(std::move(arguments)));
  return split_nul(listed);
}

Result<std::vector<std::string>> LockableFiles::all() const {
  std::string listed = TRY(git({"ls-files", "-z", "--cached"}));
  if (repository_.config().get_bool("lfs.lockignoredfiles", false)) {
    listed += TRY(git({"ls-files", "-z", "--others", "--ignored", "--exclude-standard"}));
  }
  std::vector<std::string> paths = split_nul(listed);
  std::ranges::sort(paths);
  // A path in conflict is listed once for each side.
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

Result<void> LockableFiles::fix_write_bits(const std::vector<std::string>& paths,
                                           const LockCache& cache) const {
  const std::vector<std::string> lockable = TRY(among(paths));
  if (lockable.empty()) return {};
  const std::vector<Lock> own = TRY(cache.own());
  std::set<std::string> locked;
  for (const Lock& lock : own) locked.insert(lock.path);
  for (const std::string& path : lockable) {
    const auto done = set_writable(repository_.work_tree() + '/' + path, locked.contains(path));
    if (!done && done.error().code() != Errc::not_found) return done;
  }
  return {};
}

namespace {

// A file that is written to must not be the object in the store, too (`dedup --hard-links`).
Result<void> make_own_copy(const std::string& path, mode_t mode) {
  const std::string copy = path + ".lfs-copy-" + std::to_string(::getpid());
  TRY(clone_file(path, copy, mode));
  if (::chmod(copy.c_str(), mode) == 0 && std::rename(copy.c_str(), path.c_str()) == 0) return {};
  const Error error = Error::from_errno("replace " + path, errno);
  ::unlink(copy.c_str());
  return error;
}

}  // namespace

Result<void> set_writable(const std::string& path, bool writable) {
  const auto file = open_file(path, O_PATH | O_NOFOLLOW);
  if (!file && file.error().sys_errno() == ENOTDIR) return Error(Errc::not_found, path);
  if (!file) return file.error();
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return Error::from_errno("stat " + path, errno);
  if (!S_ISREG(status.st_mode)) return Error(Errc::not_found, path + " is no regular file");
  const mode_t mode = status.st_mode & 07777U;
  const mode_t wanted = writable ? mode | 0200U : mode & ~mode_t{0222U};
  if (wanted == mode) return {};
  if (writable && status.st_nlink > 1) return make_own_copy(path, wanted);
  // chmod follows links, and fchmod refuses O_PATH descriptors; this way it is the file just seen.
  const std::string seen = "/proc/self/fd/" + std::to_string(file->get());
  if (::chmod(seen.c_str(), wanted) != 0) return Error::from_errno("chmod " + path, errno);
  return {};
}

}  // namespace lazylfs::lfs
