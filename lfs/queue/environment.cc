#include "lfs/queue/environment.h"

namespace lazylfs::lfs {
namespace {

// Small objects over a long line need many requests at once; see Parallelism in queue.h.
constexpr HttpEngine::Limits kLimits{.connections_per_host = 68, .connections_total = 136};
// There is no limit but the activity timeout; a person may be typing a password.
constexpr std::chrono::minutes kCallDeadline{15};

}  // namespace

HttpEngine& TransferEnvironment::Impl::engine() {
  auto engine = engine_.lock();
  if (*engine == nullptr) *engine = std::make_unique<HttpEngine>(metrics_, kLimits);
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
    wanted.interactive = options_.interactive;
    wanted.batch_deadline = kCallDeadline;
    client = std::make_unique<ApiClient>(engine(), config(), metrics_, std::move(wanted));
  }
  return client.get();
}

TransferEnvironment::TransferEnvironment(const Repository& repository, const ObjectStore& store,
                                         Metrics& metrics, Options options)
    : impl_(std::make_unique<Impl>(repository, store, metrics, options)) {}
TransferEnvironment::~TransferEnvironment() = default;

Result<ApiClient*> TransferEnvironment::client(Operation operation, const std::string& remote) {
  return impl_->client(operation, remote);
}

Result<Endpoint> TransferEnvironment::endpoint(Operation operation,
                                               const std::string& remote) const {
  return find_endpoint(impl_->repository().config(), remote, operation,
                       impl_->repository().common_folder());
}

const Repository& TransferEnvironment::repository() const { return impl_->repository(); }

std::vector<std::string> TransferEnvironment::adapter_names(Operation /*operation*/) const {
  return {"basic"};
}

}  // namespace lazylfs::lfs
