// The locking API, in memory.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lfs/base/guarded.h"
#include "tests/server/http_message.h"
#include "tests/server/route.h"

namespace lazylfs::server {

// Thread-safe.
class Locks {
 public:
  // `user`: who asks.
  Response handle(const HttpRequest& request, const Route& route, RequestBody& body,
                  const std::string& user);

  // No locks; ids begin at 1 again.
  void clear() { *state_.lock() = {}; }

 private:
  struct Lock {
    std::string id, path, owner, ref;
    std::int64_t locked_at = 0;
  };
  using Repository = std::vector<Lock>;  // in order of creation
  struct State {
    std::map<std::string, Repository> repositories;
    std::uint64_t last_id = 0;
  };

  static Json to_json(const Lock& lock);
  static Response create(State& state, Repository& locks, const Json& call,
                         const std::string& user);
  static Response list(const Repository& locks, const HttpRequest& request);
  static Response verify(const Repository& locks, const Json& call, const std::string& user);
  static Response unlock(Repository& locks, const std::string& id, const Json& call,
                         const std::string& user);

  Guarded<State> state_;
};

}  // namespace lazylfs::server
