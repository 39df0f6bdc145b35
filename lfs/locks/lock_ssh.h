// The locking calls of the git-lfs-transfer protocol (git-lfs-behaviour.md 3.8).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/locks/lock_api.h"

namespace lazylfs::lfs {

struct SshLockCall {
  Operation operation = Operation::download;  // which of the server's two programs is asked
  std::string command;                        // "lock", "list-lock", "unlock <id>"
  std::vector<std::string> arguments;         // "path=a.bin"
};

struct SshLockReply {
  int status = 0;
  std::vector<std::string> arguments;  // "id=7"
  std::vector<std::string> lines;      // what follows the delimiter, without line ends
};

using CallSsh = std::function<Result<SshLockReply>(const SshLockCall&)>;

class SshLockApi : public LockApi {
 public:
  explicit SshLockApi(CallSsh call) : call_(std::move(call)) {}

  Result<Lock> create(const std::string& path, const std::string& ref) override;
  Result<Lock> remove(const std::string& id, bool force, const std::string& ref) override;
  Result<LockPage> list(const LockQuery& query) override;
  Result<VerifiedPage> verify(const LockQuery& query) override;

 private:
  CallSsh call_;
};

}  // namespace lazylfs::lfs
