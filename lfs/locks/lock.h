// What a lock is, and how it is written as JSON: by servers, in our output and in the cache files.
#pragma once

#include <string>
#include <vector>

#include "lfs/base/json.h"
#include "lfs/base/result.h"

namespace lazylfs::lfs {

struct Lock {
  std::string id, path, owner;
  std::string locked_at;  // as the server wrote it (RFC 3339)

  bool operator==(const Lock&) const = default;
};

struct VerifiedLocks {
  std::vector<Lock> ours, theirs;
};

// Errc::corrupt when it is no object with a string "id" and a string "path".
Result<Lock> lock_from_json(const Json& value);
// The members of the array `key`, none when it is absent or null.
Result<std::vector<Lock>> locks_from_json(const Json& value, const char* key);

// {"id", "path", "owner"?: {"name"}, "locked_at"}: the keys and their order are upstream's.
Json lock_to_json(const Lock& lock);
Json locks_to_json(const std::vector<Lock>& locks);
Json verified_to_json(const VerifiedLocks& locks);

// `value` on one line as Go's encoder writes it: with <, > and & escaped.
std::string go_json_line(const Json& value);

}  // namespace lazylfs::lfs
