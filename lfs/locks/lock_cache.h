// What this clone remembers of locks: its own (lockcache.db, shared with upstream's client), and
// the last full listings of the server (cache/locks/<ref>/{remote,verifiable}).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lfs/base/result.h"
#include "lfs/locks/lock.h"

namespace lazylfs::lfs {

// Thread-compatible; processes may work on one cache at once. Nothing is read or written before it
// is asked for. A damaged file counts as empty, and is set aside when it is next written.
class LockCache {
 public:
  // `folder`: the repository's LFS folder, which need not exist.
  explicit LockCache(std::string folder) : folder_(std::move(folder)) {}

  // Our own locks, sorted by path.
  Result<std::vector<Lock>> own() const;
  Result<void> add(const Lock& lock) const;
  Result<void> remove(const std::string& id) const;

  // Listings of the server; `ref` may be empty. Errc::not_found when there is none yet.
  Result<std::vector<Lock>> listing(const std::string& ref) const;
  Result<VerifiedLocks> verified(const std::string& ref) const;
  Result<void> remember_listing(const std::string& ref, const std::vector<Lock>& locks) const;
  Result<void> remember_verified(const std::string& ref, const VerifiedLocks& locks) const;

 private:
  Result<void> change(const std::function<void(std::vector<Lock>&)>& edit) const;
  Result<std::string> listing_path(const std::string& ref, const char* kind) const;
  Result<Json> read_listing(const std::string& ref, const char* kind) const;
  Result<void> write_listing(const std::string& ref, const char* kind, const Json& value) const;

  std::string folder_;
};

}  // namespace lazylfs::lfs
