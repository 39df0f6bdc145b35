#include "lfs/queue/environment.h"

#include <algorithm>

#include "lfs/api/sender.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"
#include "lfs/http/stats_log.h"
#include "lfs/queue/agents.h"
#include "lfs/queue/basic_adapter.h"
#include "lfs/queue/custom_adapter.h"
#include "lfs/queue/file_adapter.h"
#include "lfs/queue/silence.h"
#include "lfs/queue/ssh_adapter.h"
#include "lfs/queue/storage_call.h"
#include "lfs/queue/tus_adapter.h"

namespace lazylfs::lfs {
namespace {

// Small objects over a long line need many requests at once; see Parallelism in queue.h.
constexpr HttpEngine::Limits kLimits{.connections_per_host = 68, .connections_total = 136};
// There is no limit but the activity timeout; a person may be typing a password.
constexpr std::chrono::minutes kCallDeadline{15};

// lfs.<url>.sshtransfer for the address as it was configured.
std::string ssh_transfer_wish(const Config& config, const Endpoint& endpoint) {
  auto url = Url::parse(endpoint.original_url);
  if (!url && endpoint.ssh) {
    url = Url::parse("ssh://" + endpoint.ssh->user_and_host + "/" + endpoint.ssh->path);
  }
  const auto wish =
      url ? config.get_for_url("lfs", *url, "sshtransfer") : config.get("lfs.sshtransfer");
  return to_lower(wish.value_or("negotiate"));
}

}  // namespace

std::size_t TransferEnvironment::Impl::concurrent_transfers() const {
  return static_cast<std::size_t>(
      std::clamp<std::int64_t>(config().get_int("lfs.concurrenttransfers", 8), 1, 256));
}

HttpEngine& TransferEnvironment::Impl::engine() {
  auto engine = engine_.lock();
  if (*engine == nullptr) {
    *engine = std::make_unique<HttpEngine>(metrics_, kLimits);
    (*engine)->set_stats_log(StatsLog::wanted(store_.log_folder(), concurrent_transfers()));
  }
  return **engine;
}

Result<ApiClient*> TransferEnvironment::Impl::client(Operation operation,
                                                     const std::string& remote) {
  auto clients = clients_.lock();
  std::unique_ptr<ApiClient>& client = (*clients)[{operation, remote}];
  if (client == nullptr) {
    ApiClientOptions wanted;
    wanted.endpoint = TRY(find_endpoint(config(), remote, operation, repository_.common_folder()));
    wanted.remote = remote;
    wanted.repository_folder = repository_.git_folder();
    // Whether somebody can be asked is git's to find out: it opens the terminal itself.
    wanted.interactive = true;
    wanted.batch_deadline = kCallDeadline;
    client = std::make_unique<ApiClient>(engine(), config(), metrics_, std::move(wanted));
  }
  return client.get();
}

Result<SshPool*> TransferEnvironment::Impl::ssh(Operation operation, const std::string& remote) {
  const Endpoint endpoint =
      TRY(find_endpoint(config(), remote, operation, repository_.common_folder()));
  if (!endpoint.ssh) return nullptr;
  const std::string wish = ssh_transfer_wish(config(), endpoint);
  if (wish != "negotiate" && wish != "always") {
    TRACE(TraceArea::general, "skipping pure SSH protocol");
    return nullptr;
  }
  auto pools = ssh_pools_.lock();
  const auto known = pools->find({operation, remote});
  if (known != pools->end()) return known->second.get();
  SshPool::Options wanted;
  wanted.target = *endpoint.ssh;
  wanted.operation = operation;
  wanted.connections_max = concurrent_transfers();
  auto pool = std::make_unique<SshPool>(config(), std::move(wanted));
  TRACE(TraceArea::general, "attempting pure SSH protocol connection");
  const Result<SshPool::Loan> first = pool->borrow();
  if (!first && wish == "always") return first.error();
  if (!first) {
    TRACE(TraceArea::general, "pure SSH protocol connection failed: " << first.error().message());
    pools->emplace(Key{operation, remote}, nullptr);
    return nullptr;
  }
  return pools->emplace(Key{operation, remote}, std::move(pool)).first->second.get();
}

Result<TransferEnvironment::Impl::Line> TransferEnvironment::Impl::line_to(
    Operation operation, const std::string& remote) {
  const Endpoint endpoint =
      TRY(find_endpoint(config(), remote, operation, repository_.common_folder()));
  const std::string agent = standalone_agent(config(), endpoint, operation);
  if (!agent.empty()) return Line{std::make_unique<NoBatchSource>(agent), agent};
  SshPool* const pool = TRY(ssh(operation, remote));
  if (pool != nullptr) return Line{std::make_unique<SshBatchSource>(*pool), ""};
  ApiClient* const api = TRY(client(operation, remote));
  return Line{std::make_unique<HttpBatchSource>(*api, metrics_), ""};
}

Result<std::unique_ptr<TransferAdapter>> TransferEnvironment::Impl::make_adapter(
    const std::string& name, Operation operation, const std::string& remote, bool standalone) {
  const Endpoint endpoint =
      TRY(find_endpoint(config(), remote, operation, repository_.common_folder()));
  if (name == kFileAgent && endpoint.is_file()) {
    // Upstream starts a process for it; who looks for that line should find it.
    TRACE(TraceArea::transfer, "xfer: started custom adapter process \"git-lfs\" as this one");
    return std::unique_ptr<TransferAdapter>(
        std::make_unique<FileAdapter>(store_, operation, endpoint.url));
  }
  if (name == "ssh") {
    if (SshPool* const pool = TRY(ssh(operation, remote)); pool != nullptr) {
      return std::unique_ptr<TransferAdapter>(
          std::make_unique<SshAdapter>(*pool, store_, operation));
    }
  }
  for (const AgentSettings& agent : custom_agents(config())) {
    if (agent.name != name || !agent.serves(operation)) continue;
    CustomAdapter::Options wanted;
    wanted.agent = agent;
    wanted.operation = operation;
    wanted.remote = remote;
    wanted.standalone = standalone;
    wanted.concurrent_transfers = concurrent_transfers();
    wanted.verifies_max = verifies_max(config());
    wanted.silence_max = silence_max(config());
    if (!standalone) wanted.client = TRY(client(operation, remote));
    return std::unique_ptr<TransferAdapter>(
        std::make_unique<CustomAdapter>(store_, std::move(wanted)));
  }
  ApiClient* const api = TRY(client(operation, remote));
  if (name == "tus" && operation == Operation::upload) {
    return std::unique_ptr<TransferAdapter>(std::make_unique<TusAdapter>(*api, config()));
  }
  return std::unique_ptr<TransferAdapter>(
      std::make_unique<BasicAdapter>(*api, config(), store_, operation));
}

std::vector<std::string> TransferEnvironment::Impl::transfer_names(Operation operation) const {
  return transfer_names_for(config(), operation);
}

void TransferEnvironment::Impl::cancel_under_way(Operation operation, const std::string& remote) {
  auto clients = clients_.lock();
  const auto found = clients->find({operation, remote});
  if (found != clients->end() && found->second) found->second->sender().cancel_under_way();
}

TransferEnvironment::TransferEnvironment(const Repository& repository, const ObjectStore& store,
                                         Metrics& metrics, Options options)
    : impl_(std::make_unique<Impl>(repository, store, metrics, options)) {}
TransferEnvironment::~TransferEnvironment() = default;

Result<ApiClient*> TransferEnvironment::client(Operation operation, const std::string& remote) {
  return impl_->client(operation, remote);
}

Result<SshPool*> TransferEnvironment::ssh(Operation operation, const std::string& remote) {
  return impl_->ssh(operation, remote);
}

Result<Endpoint> TransferEnvironment::endpoint(Operation operation,
                                               const std::string& remote) const {
  return find_endpoint(impl_->repository().config(), remote, operation,
                       impl_->repository().common_folder());
}

const Repository& TransferEnvironment::repository() const { return impl_->repository(); }

std::vector<std::string> TransferEnvironment::adapter_names(Operation operation) const {
  return transfer_names_for(impl_->config(), operation);
}

}  // namespace lazylfs::lfs
