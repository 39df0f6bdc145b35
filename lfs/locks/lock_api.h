// The locking API's calls, whatever carries them: HTTP here, SSH in lock_ssh.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lfs/api/endpoint.h"
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

// One call with authentication, redirects and retries.
class ApiCaller {
 public:
  ApiCaller() = default;
  ApiCaller(const ApiCaller&) = delete;
  ApiCaller& operator=(const ApiCaller&) = delete;
  virtual ~ApiCaller() = default;
  // The reply's body. `path` follows the endpoint's URL. Any status that is no success is an error
  // in the server's words: Errc::not_found for 404, unsupported for 501, denied for 401 and 403.
  virtual Result<std::string> call(Operation operation, std::string method, std::string path,
                                   std::string body) = 0;
};

// `caller` must outlive it.
class HttpLockApi : public LockApi {
 public:
  explicit HttpLockApi(ApiCaller& caller) : caller_(caller) {}

  Result<Lock> create(const std::string& path, const std::string& ref) override;
  Result<Lock> remove(const std::string& id, bool force, const std::string& ref) override;
  Result<LockPage> list(const LockQuery& query) override;
  Result<VerifiedPage> verify(const LockQuery& query) override;

 private:
  ApiCaller& caller_;
};

}  // namespace lazylfs::lfs
