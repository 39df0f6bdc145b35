// Why the last read of an object failed, kept for `why` and the attribute user.lfs.last_error.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "lfs/api/client.h"
#include "lfs/base/error.h"
#include "lfs/base/guarded.h"
#include "lfs/base/json.h"
#include "lfs/base/oid.h"

namespace lazylfs::fs {

// Thread-safe; remembers a bounded number of objects.
class LastErrors {
 public:
  void record(const Oid& oid, const Error& error, const std::optional<lfs::ServerTrouble>& trouble);
  // {"time":…, "error":…, "errno":…, "message":…, "host":…, "status":…, "request_id":…,
  // "attempts":…}, the last four only when a server was asked.
  std::optional<Json> find(const Oid& oid) const;

 private:
  struct State {
    std::unordered_map<Oid, Json> stories;
    std::deque<Oid> order;
  };
  Guarded<State> state_;
};

}  // namespace lazylfs::fs
