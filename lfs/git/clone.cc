// Clones for mounting a URL. git does the work, so that every transport, credential helper and
// proxy that works for `git clone` works here. A clone is made in a sibling folder whose name
// tells what it is, and renamed when complete: a reader never sees half a repository, and what a
// killed process left behind is removed by a later clone beside it.
//
// A branch or tag is cloned with --depth=1; a commit id is fetched by id, which servers may refuse.
// Whatever else (an abbreviated id, HEAD~3) needs the history to be understood: it is cloned
// without a depth, which costs commits and trees but still no blobs.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <optional>

#include <stdio.h>

#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"
#include "lfs/git/git_command.h"
#include "lfs/git/repository.h"
#include "lfs/git/revision.h"

namespace lazylfs::lfs {
namespace {

constexpr std::string_view kTemporaryPrefix = ".lazylfs-clone-";
constexpr std::chrono::hours kCloneTimeout{24};
constexpr std::time_t kAbandonedAfterSeconds = 24 * 3600;

bool is_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}
bool is_full_id(std::string_view ref) { return ref.size() == 40 && is_hex(ref); }

// Only the history can tell what such a name means.
bool needs_history(std::string_view ref) {
  return (ref.size() >= 4 && ref.size() < 40 && is_hex(ref)) ||
         ref.find_first_of("~^@:") != std::string_view::npos;
}

// Removes the folder on the way out unless it was moved into place.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& target) {
    static std::atomic<unsigned> counter{0};
    path_ = parent_path(target) + "/" + std::string(kTemporaryPrefix) + base_name(target) + "-" +
            std::to_string(::getpid()) + "-" + std::to_string(counter++);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { remove(); }

  const std::string& path() const { return path_; }

  void remove() const {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  Result<void> move_to(const std::string& target) const {
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) {
      return {};
    }
    // Some file systems do not know the flag; rename then refuses all but an empty folder.
    if (errno == EINVAL && ::rename(path_.c_str(), target.c_str()) == 0) return {};
    return Error::from_errno("move the clone to " + target, errno);
  }

 private:
  std::string path_;
};

// Left by processes that were killed: by age, since process ids mean nothing across containers.
void remove_abandoned(const std::string& parent) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(parent, ignored)) {
    struct stat status {};
    if (!entry.path().filename().string().starts_with(kTemporaryPrefix)) continue;
    if (::lstat(entry.path().c_str(), &status) != 0) continue;
    if (std::time(nullptr) - status.st_mtim.tv_sec < kAbandonedAfterSeconds) continue;
    std::filesystem::remove_all(entry.path(), ignored);
  }
}

// A git that talks to a remote: stalls end it, and a terminal sees its progress when wanted.
class RemoteGit {
 public:
  explicit RemoteGit(bool interactive) : interactive_(interactive) {}

  Result<CommandOutput> run(std::vector<std::string> arguments, const std::string& git_folder,
                            bool quiet = false) const {
    std::vector<std::string> all = {"-c", "http.lowSpeedLimit=100",
                                    "-c", "http.lowSpeedTime=120",
                                    "-c", "fetch.writeCommitGraph=false"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    Command command = git_command(std::move(all), git_folder, interactive_);
    if (git_folder.empty()) command.folder.clear();  // a relative URL is relative to ours
    RunOptions options;
    options.timeout = kCloneTimeout;
    options.inherit_stderr = interactive_ && !quiet;
    return run_command(command, options);
  }

  std::vector<std::string> progress() const { return {interactive_ ? "--progress" : "--quiet"}; }

 private:
  bool interactive_;
};

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Why a clone or fetch failed. With a terminal git's words went there, so the remote is asked once
// more, also to tell an unknown ref from an unreachable server.
Error remote_failure(const RemoteGit& git, const std::string& url, const std::string& ref,
                     const CommandOutput& output) {
  const std::string shown = redact_url(url);
  const bool dumb_http = output.err.find("dumb http") != std::string::npos;
  if (dumb_http) return {Errc::unsupported, git_failure("clone " + shown, output).message()};
  if (ref.empty() && !trim(output.err).empty()) return git_failure("clone " + shown, output);
  const Result<CommandOutput> listed =
      git.run({"ls-remote", "--heads", "--tags", "--", url}, "", true);
  if (!listed) return listed.error();
  if (listed->exit_code != 0) return git_failure("clone " + shown, *listed);
  std::vector<std::string> names;
  for (std::string_view line : split(listed->out, '\n')) {
    take_until(line, '\t');
    if (!line.empty() && !line.ends_with("^{}")) names.push_back(short_ref_name(line));
  }
  const bool known = std::find(names.begin(), names.end(), short_ref_name(ref)) != names.end();
  if (ref.empty() || known) {
    // Reachable, and the ref is there: with a terminal we cannot see why, so it may be the depth.
    const bool unseen = output.err.empty();
    const std::string why = git_failure("clone " + shown, output).message();
    return {unseen ? Errc::unsupported : Errc::io, why};
  }
  std::string message = "no branch, tag or commit '" + ref + "' in " + shown;
  const std::string near = nearest_name(ref, names);
  if (!near.empty()) message += "; did you mean '" + near + "'?";
  return {Errc::not_found, std::move(message)};
}

bool has_commit(const std::string& folder, const std::string& revision) {
  const Result<CommandOutput> output = run_command(git_command(
      {"rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"}, folder));
  return output && output->exit_code == 0;
}

Result<void> set_detached_head(const std::string& folder, const std::string& revision) {
  const CommandOutput output = TRY(run_command(
      git_command({"rev-parse", "--verify", "--end-of-options", revision + "^{commit}"}, folder)));
  if (output.exit_code != 0) return git_failure("resolve " + revision, output);
  TRY(run_command_checked(
      git_command({"update-ref", "--no-deref", "HEAD", std::string(trim(output.out))}, folder)));
  return {};
}

Result<void> clone_refs(const RemoteGit& git, const CloneOptions& options,
                        const std::string& folder, const std::vector<std::string>& extra) {
  const CommandOutput output =
      TRY(git.run(std::vector<std::string>{"clone", "--bare", "--template=", "--filter=blob:none"} +
                      git.progress() + extra + std::vector<std::string>{"--", options.url, folder},
                  ""));
  if (output.exit_code == 0) return {};
  return remote_failure(git, options.url, options.ref, output);
}

// One commit by its id. Errc::unsupported when the server will not serve it so.
Result<void> clone_commit(const RemoteGit& git, const CloneOptions& options,
                          const std::string& folder) {
  const auto local = [&](std::vector<std::string> arguments) {
    return run_command_checked(git_command(std::move(arguments), folder));
  };
  TRY(run_command_checked(git_command({"init", "--bare", "--quiet", "--template=", folder}, "")));
  TRY(local({"config", "core.repositoryformatversion", "1"}));
  TRY(local({"config", "extensions.partialClone", "origin"}));
  TRY(local({"config", "remote.origin.url", options.url}));
  TRY(local({"config", "remote.origin.promisor", "true"}));
  TRY(local({"config", "remote.origin.partialclonefilter", "blob:none"}));
  const CommandOutput output = TRY(
      git.run(std::vector<std::string>{"fetch", "--no-tags", "--depth=1", "--filter=blob:none"} +
                  git.progress() + std::vector<std::string>{"origin", options.ref},
              folder));
  if (output.exit_code != 0) {
    return Error(Errc::unsupported, git_failure("fetch " + options.ref, output).message());
  }
  return set_detached_head(folder, options.ref);
}

// A ref outside of heads and tags, such as refs/pull/1/head.
Result<void> clone_other_ref(const RemoteGit& git, const CloneOptions& options,
                             const std::string& folder) {
  TRY(clone_refs(git, options, folder, {"--depth=1"}));
  const CommandOutput output = TRY(
      git.run(std::vector<std::string>{"fetch", "--no-tags", "--depth=1", "--filter=blob:none"} +
                  git.progress() +
                  std::vector<std::string>{"origin", "+" + options.ref + ":" + options.ref},
              folder));
  if (output.exit_code == 0) return set_detached_head(folder, options.ref);
  return remote_failure(git, options.url, options.ref, output);
}

Result<void> clone_with_history(const RemoteGit& git, const CloneOptions& options,
                                const std::string& folder) {
  CloneOptions everything = options;
  everything.ref.clear();
  TRY(clone_refs(git, everything, folder, {}));
  if (options.ref.empty()) return {};
  if (!has_commit(folder, options.ref)) {
    CommandOutput none;
    return remote_failure(git, options.url, options.ref, none);
  }
  return is_full_id(options.ref) ? set_detached_head(folder, options.ref) : Result<void>();
}

Result<void> clone_into(const CloneOptions& options, const TemporaryFolder& folder) {
  const RemoteGit git(options.interactive);
  const std::string& ref = options.ref;
  if (is_full_id(ref) && options.shallow) {
    const Result<void> cloned = clone_commit(git, options, folder.path());
    if (cloned || cloned.error().code() != Errc::unsupported) return cloned;
    log_line(LogLevel::info, cloned.error().message() + "; cloning the history instead");
    folder.remove();
  }
  if (is_full_id(ref)) return clone_with_history(git, options, folder.path());
  const bool head_or_tag = ref.starts_with("refs/heads/") || ref.starts_with("refs/tags/");
  if (ref.starts_with("refs/") && !head_or_tag) {
    return clone_other_ref(git, options, folder.path());
  }
  if (!options.shallow) return clone_with_history(git, options, folder.path());
  std::vector<std::string> extra = {"--depth=1"};
  if (!ref.empty() && ref != "HEAD") extra.push_back("--branch=" + short_ref_name(ref));
  const Result<void> cloned = clone_refs(git, options, folder.path(), extra);
  if (cloned) return cloned;
  const Errc code = cloned.error().code();
  // A server of static files ("dumb HTTP") knows no depth.
  if (code == Errc::unsupported) {
    folder.remove();
    extra.erase(extra.begin());
    return clone_refs(git, options, folder.path(), extra);
  }
  if (code != Errc::not_found || !needs_history(ref)) return cloned;
  folder.remove();
  return clone_with_history(git, options, folder.path());
}

// The refspecs that bring `ref` up to date in a bare clone.
std::vector<std::string> refspecs_of(const std::string& folder, const std::string& ref) {
  const auto same = [](const std::string& name) { return "+" + name + ":" + name; };
  if (ref.empty()) return {"+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"};
  if (ref.starts_with("refs/")) return {same(ref)};
  const bool is_tag =
      has_commit(folder, "refs/tags/" + ref) && !has_commit(folder, "refs/heads/" + ref);
  return {same((is_tag ? "refs/tags/" : "refs/heads/") + ref)};
}

}  // namespace

Result<void> clone_repository(const CloneOptions& options) {
  if (options.url.empty()) return Error(Errc::invalid, "no URL to clone");
  const std::string target = absolute_path(options.folder);
  if (file_exists(target)) return Error(Errc::exists, target + " exists already");
  TRY(make_folders(parent_path(target)));
  remove_abandoned(parent_path(target));
  const TemporaryFolder folder(target);
  TRY(clone_into(options, folder));
  return folder.move_to(target);
}

Result<void> update_clone(const std::string& folder, const std::string& ref, bool interactive) {
  const std::string git_folder = absolute_path(folder);
  if (is_full_id(ref) && has_commit(git_folder, ref)) return {};
  const RemoteGit git(interactive);
  std::vector<std::string> arguments =
      std::vector<std::string>{"fetch", "--no-tags", "--filter=blob:none", "--update-head-ok",
                               "--no-write-fetch-head"} +
      git.progress();
  if (file_exists(git_folder + "/shallow")) arguments.emplace_back("--depth=1");
  if (ref.empty()) arguments.emplace_back("--prune");
  arguments.emplace_back("origin");
  const bool head = ref == "HEAD";
  std::string branch = ref;
  if (head) {
    const Result<CommandOutput> name =
        run_command(git_command({"symbolic-ref", "--quiet", "HEAD"}, git_folder));
    if (!name || name->exit_code != 0) return {};  // detached: a fixed commit
    branch = trim(name->out);
  }
  const std::vector<std::string> specs =
      is_full_id(ref) ? std::vector<std::string>{ref} : refspecs_of(git_folder, branch);
  CommandOutput output = TRY(git.run(arguments + specs, git_folder));
  if (output.exit_code != 0 && !head && !ref.empty() && !ref.starts_with("refs/") &&
      !is_full_id(ref)) {  // a tag that is new here
    output =
        TRY(git.run(arguments + std::vector<std::string>{"+refs/tags/" + ref + ":refs/tags/" + ref},
                    git_folder));
  }
  if (output.exit_code == 0) return {};
  const Error failure = git_failure("fetch " + (ref.empty() ? "all refs" : ref), output);
  const bool gone = failure.message().find("couldn't find remote ref") != std::string::npos;
  return Error(gone ? Errc::not_found : Errc::transient, failure.message());
}

}  // namespace lazylfs::lfs
