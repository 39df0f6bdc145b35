// The repository that an everyday command works in, and what all of them need of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "cli/command.h"
#include "cli/settings.h"
#include "lfs/attributes/path_filter.h"
#include "lfs/git/repository.h"
#include "lfs/queue/transfer_queue.h"
#include "lfs/store/object_store.h"

namespace lazylfs::cli {

// What a command needs around it. Where it is missing, open() has printed upstream's words.
enum class Need {
  repository,  // "Not in a Git repository." on stdout, exit 128
  work_tree,   // "This operation must be run in a work tree." on stdout, exit 128
  nothing      // fine outside of a repository (env, version, install)
};

// Thread-compatible; made once by a command. What it hands out is thread-safe as documented there.
class Workspace {
 public:
  // Opens the repository around the current folder. The ExitCode alternative means: said why, exit
  // so. With `prepare`, also checks (and first time writes) lfs.repositoryformatversion, and warns
  // of unsafe keys of .lfsconfig, as upstream's setupRepository does. With Need::nothing the
  // pointer is null outside of any repository.
  static Result<std::variant<ExitCode, std::unique_ptr<Workspace>>> open(Context& context,
                                                                         Need need, bool prepare);
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace();

  const lfs::Repository& repository() const { return repository_; }
  const lfs::Config& config() const { return repository_.config(); }
  const lfs::ObjectStore& store() const { return store_; }
  // The current folder relative to the work tree: "" or "a/b/". Also "" when it is not inside.
  const std::string& prefix() const { return prefix_; }
  // Whether the current folder is in the work tree: git knows none inside of .git.
  bool in_work_tree() const;
  // branch.<current>.remote and the rest of upstream's rules; for pushing when `push`.
  std::string remote(bool push = false) const;
  // The full ref name for the API when downloading: by push.default branch.<b>.merge or the current
  // branch; "HEAD" when detached, empty on an unborn branch.
  std::string api_ref() const;

  // Made at the first call: starts threads, reads nothing from the network.
  lfs::TransferEnvironment& transfers();

 private:
  Workspace(Context& context, lfs::Repository repository);
  Context& context_;
  lfs::Repository repository_;
  lfs::ObjectStore store_;
  std::string prefix_;
  std::unique_ptr<lfs::ObjectExchange> exchange_;
  std::unique_ptr<lfs::TransferEnvironment> transfers_;
};

// Prints `error` as upstream's fatal errors look, writes <lfs>/logs/<time>.log when it is one that
// upstream logs, and returns ExitCode::fatal.
ExitCode report_fatal(Context& context, const Workspace& workspace, const Error& error);

// Two url.<base>.insteadOf (or pushInsteadOf) with one value: which of them counts is chance.
void warn_of_ambiguous_aliases(Context& context, const lfs::Config& config);

// As report_fatal, for what is always logged: writes the log, prints `told` (default: the error),
// and where the log is.
ExitCode report_panic(Context& context, const Workspace& workspace, const Error& error,
                      std::string_view told = {});

}  // namespace lazylfs::cli
