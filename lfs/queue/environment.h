// What TransferEnvironment keeps.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "lfs/api/client.h"
#include "lfs/base/guarded.h"
#include "lfs/queue/adapter.h"
#include "lfs/queue/batch_source.h"
#include "lfs/queue/ssh_connection.h"
#include "lfs/queue/transfer_queue.h"

namespace lazylfs::lfs {

// Thread-safe. The engine's thread starts with the first request.
class TransferEnvironment::Impl {
 public:
  Impl(const Repository& repository, const ObjectStore& store, Metrics& metrics, Options options)
      : repository_(repository), store_(store), metrics_(metrics), options_(options) {}

  HttpEngine& engine();
  Result<ApiClient*> client(Operation operation, const std::string& remote);

  // Whom a queue asks about its objects, and the agent that needs no server, if one is configured.
  struct Line {
    std::unique_ptr<BatchSource> source;
    std::string standalone;
  };
  // Nullptr when the endpoint is none of SSH, or its server has no git-lfs-transfer (then it is
  // asked by git-lfs-authenticate). Connects at the first call.
  Result<SshPool*> ssh(Operation operation, const std::string& remote);
  Result<Line> line_to(Operation operation, const std::string& remote);
  // The adapter of that name; "basic" when there is none. `standalone`: no server was asked.
  Result<std::unique_ptr<TransferAdapter>> make_adapter(const std::string& name,
                                                        Operation operation,
                                                        const std::string& remote, bool standalone);
  // What a batch call offers.
  std::vector<std::string> transfer_names(Operation operation) const;
  void cancel_under_way(Operation operation, const std::string& remote);

  const Repository& repository() const { return repository_; }
  const Config& config() const { return repository_.config(); }
  std::size_t concurrent_transfers() const;
  const ObjectStore& store() const { return store_; }
  Metrics& metrics() const { return metrics_; }
  const Options& options() const { return options_; }

 private:
  using Key = std::pair<Operation, std::string>;

  const Repository& repository_;
  const ObjectStore& store_;
  Metrics& metrics_;
  const Options options_;
  // Nothing in a pool's place: the server was tried and does not speak the protocol.
  Guarded<std::map<Key, std::unique_ptr<SshPool>>> ssh_pools_;
  Guarded<std::unique_ptr<HttpEngine>> engine_;
  Guarded<std::map<Key, std::unique_ptr<ApiClient>>> clients_;  // destroyed before the engine
};

}  // namespace lazylfs::lfs
