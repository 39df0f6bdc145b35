// The test server: routes requests, plays faults, counts, and answers the tests' orders.
//
// Orders (JSON): POST /_admin/faults, DELETE /_admin/faults, GET /_admin/faults,
// POST /_admin/config {"latency_ms", "rate_bytes_per_s", "offline"}, GET /_admin/stats,
// POST /_admin/reset-stats, GET /_admin/log, GET /_admin/calls (bodies of API
// calls), DELETE /_admin/locks, POST /_admin/create-repo?name=…,
// POST /_admin/synthetic?size=…&seed=… → {"oid", "size"}.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "tests/server/connection.h"
#include "tests/server/faults.h"
#include "tests/server/git_backend.h"
#include "tests/server/lfs_api.h"
#include "tests/server/links.h"
#include "tests/server/locks.h"
#include "tests/server/object_store.h"
#include "tests/server/options.h"
#include "tests/server/statistics.h"
#include "tests/server/storage.h"

namespace lazylfs::server {

// Thread-safe.
class Server final : public Handler {
 public:
  Server(const Options& options, Origins origins);

  Response handle(const HttpRequest& request, RequestBody& body) override;
  void delivered(const HttpRequest& request, const Delivered& outcome) override;

  ObjectStore& store() { return store_; }
  Statistics& statistics() { return statistics_; }
  const std::atomic<std::uint64_t>& rate() const { return rate_; }

 private:
  Response admin(const HttpRequest& request, const std::string& verb, RequestBody& body);
  Response configure(const Json& settings);
  Response dispatch(const HttpRequest& request, const Route& route, RequestBody& body,
                    const FaultAction& fault);
  Response dispatch_call(const HttpRequest& request, const Route& route, RequestBody& body,
                         const std::string& user, const FaultAction& fault);
  Response redirect(const HttpRequest& request, const Route& route, const FaultAction& fault) const;
  // The user who asks; empty when the area needs none; nothing when refused.
  std::optional<std::string> authenticate(const HttpRequest& request, Kind kind) const;

  const Options& options_;
  const Links links_;
  ObjectStore store_;
  Statistics statistics_;
  Faults faults_;
  Locks locks_;
  GitBackend git_;
  LfsApi api_;
  Storage storage_;
  std::atomic<std::uint64_t> latency_ms_, rate_;
  std::atomic<bool> offline_{false};
};

}  // namespace lazylfs::server
