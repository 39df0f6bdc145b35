// The locking API's calls, whatever carries them: HTTP here, SSH in lock_ssh.h.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lfs/api/client.h"
#include "lfs/base/result.h"
#include "lfs/locks/lock.h"

namespace lazylfs::lfs {

struct LockQuery {
  std::string path, id;     // empty: any
  std::uint64_t limit = 0;  // 0: all
  std::string ref;          // empty: any
  std::string cursor;       // where the last page ended
};

struct LockPage {
  std::vector<Lock> locks;
  std::string next_cursor;  // empty: the last page
};

struct VerifiedPage {
  VerifiedLocks locks;
  std::string next_cursor;
};

// One server. `ref` may be empty. Thread-compatible; calls block. Errors carry the server's words.
class LockApi {
 public:
  LockApi() = default;
  LockApi(const LockApi&) = delete;
  LockApi& operator=(const LockApi&) = delete;
  virtual ~LockApi() = default;

  virtual Result<Lock> create(const std::string& path, const std::string& ref) = 0;
  // The lock that is no more; its path is empty when the server does not say.
  virtual Result<Lock> remove(const std::string& id, bool force, const std::string& ref) = 0;
  virtual Result<LockPage> list(const LockQuery& query) = 0;
  // Errc::unsupported when the server has no locks, Errc::denied when it forbids.
  virtual Result<VerifiedPage> verify(const LockQuery& query) = 0;
};

// One exchange with the server of the call's operation; see ApiClient::call.
using CallApi = std::function<Result<ApiResponse>(const ApiCall&)>;

class HttpLockApi : public LockApi {
 public:
  explicit HttpLockApi(CallApi call) : call_(std::move(call)) {}

  Result<Lock> create(const std::string& path, const std::string& ref) override;
  Result<Lock> remove(const std::string& id, bool force, const std::string& ref) override;
  Result<LockPage> list(const LockQuery& query) override;
  Result<VerifiedPage> verify(const LockQuery& query) override;

 private:
  CallApi call_;
};

}  // namespace lazylfs::lfs
