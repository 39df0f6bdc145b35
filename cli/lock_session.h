// What lock, locks and unlock share: the repository, the server's client, and paths as servers know
// them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "cli/command.h"
#include "cli/workspace.h"
#include "lfs/locks/lock_client.h"

namespace lazylfs::cli {

// Thread-compatible; made once by a command.
class LockSession {
 public:
  // From --remote and --ref. The ExitCode alternative means: said why, exit so.
  static Result<std::variant<ExitCode, LockSession>> open(Context& context,
                                                          const Arguments& arguments, Need need);

  lfs::LockClient& client() { return *client_; }
  const lfs::LockCache& cache() const { return cache_; }
  const lfs::Repository& repository() const { return workspace_->repository(); }
  const std::string& ref() const { return ref_; }

  // `path`, as the user wrote it, relative to the work tree. Errc::invalid for what lies outside.
  Result<std::string> relative_path(const std::string& path) const;
  // The same, and Errc::invalid for a folder.
  Result<std::string> path_of(const std::string& path) const;
  // Whether git sees changes in `path` (relative to the work tree), or does not know the file.
  Result<bool> is_modified(const std::string& path) const;

 private:
  LockSession(std::unique_ptr<Workspace> workspace, std::string remote, std::string ref);

  std::unique_ptr<Workspace> workspace_;
  std::string ref_;
  lfs::LockCache cache_;
  std::unique_ptr<lfs::LockClient> client_;
};

// Before `error` is told: why a file:// remote has no locks.
void hint_at_agents(Context& context, const Error& error);

}  // namespace lazylfs::cli
