// File locks: the server's locking API (HTTP, or git-lfs-transfer over SSH) and the local cache of
// what this user holds. Format of the API: git-lfs-behaviour.md 3.5.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lfs/base/result.h"
#include "lfs/git/repository.h"
#include "lfs/queue/transfer_queue.h"

namespace lazylfs::lfs {

struct Lock {
  std::string id, path, owner;
  std::string locked_at;  // as the server wrote it (RFC 3339)
};

struct VerifiedLocks {
  std::vector<Lock> ours, theirs;
};

struct LockSearch {
  std::string path, id;     // empty: any
  std::uint64_t limit = 0;  // 0: all
};

// Thread-compatible. Calls block.
class LockClient {
 public:
  // `environment` must outlive the client. `ref` is the full name of the ref that locks belong to.
  LockClient(TransferEnvironment& environment, std::string remote, std::string ref);
  ~LockClient();
  LockClient(const LockClient&) = delete;
  LockClient& operator=(const LockClient&) = delete;

  Result<Lock> lock(const std::string& path);
  Result<Lock> unlock_by_path(const std::string& path, bool force);
  Result<Lock> unlock_by_id(const std::string& id, bool force);
  Result<std::vector<Lock>> search(const LockSearch& search);
  // Errc::unsupported when the server has no locking API (404, 501), Errc::denied on 403.
  Result<VerifiedLocks> verify(std::uint64_t limit = 0);

  // The locks that this clone knows to be its own, without asking the server.
  std::vector<Lock> cached() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lazylfs::lfs
