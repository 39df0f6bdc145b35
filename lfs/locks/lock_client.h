// File locks: the server's locking API (HTTP, or git-lfs-transfer over SSH) and the local cache of
// what this user holds. Format of the API: git-lfs-behaviour.md 3.5.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lfs/base/result.h"
#include "lfs/git/repository.h"
#include "lfs/locks/lock.h"
#include "lfs/locks/lock_api.h"
#include "lfs/locks/lock_cache.h"
#include "lfs/queue/transfer_queue.h"

namespace lazylfs::lfs {

struct LockSearch {
  std::string path, id;     // empty: any
  std::uint64_t limit = 0;  // 0: all
};

// Thread-compatible. Calls block.
class LockClient {
 public:
  // `environment` must outlive the client. `ref` is the full name of the ref that locks belong to.
  LockClient(TransferEnvironment& environment, std::string remote, std::string ref);
  // With a server of the caller's choice; `repository` must outlive the client.
  LockClient(const Repository& repository, LockCache cache, std::unique_ptr<LockApi> api,
             std::string ref);
  ~LockClient();
  LockClient(const LockClient&) = delete;
  LockClient& operator=(const LockClient&) = delete;

  // The file becomes writable, when there is one.
  Result<Lock> lock(const std::string& path);
  // The file becomes read-only, when it is lockable.
  Result<Lock> unlock_by_path(const std::string& path, bool force);
  Result<Lock> unlock_by_id(const std::string& id, bool force);
  // Adds to `found` also when a later page of the list fails.
  Result<void> search(const LockSearch& search, std::vector<Lock>& found);
  // Errc::unsupported when the server has no locking API (404, 501), Errc::denied on 403.
  Result<VerifiedLocks> verify(std::uint64_t limit = 0);

  // The locks that this clone knows to be its own, without asking the server.
  std::vector<Lock> cached() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The ref that locks made on `branch` (as Repository::current_branch; empty: detached) belong to on
// `remote`: push.default's rules.
std::string lock_ref(const Config& config, const std::string& remote, const std::string& branch);

}  // namespace lazylfs::lfs
