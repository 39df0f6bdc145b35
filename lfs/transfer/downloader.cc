#include "lfs/transfer/downloader.h"

#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "lfs/base/files.h"
#include "lfs/base/url.h"
#include "lfs/transfer/fetch_context.h"
#include "lfs/transfer/local_fetch.h"
#include "lfs/transfer/range_fetch.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kBlockingThreads = 4;

class ApiActionSource final : public ActionSource {
 public:
  explicit ApiActionSource(ApiClient& client) : client_(client) {}
  Result<std::vector<BatchObject>> batch_download(const std::vector<ObjectId>& ids) override {
    return client_.batch_download(ids);
  }

 private:
  ApiClient& client_;
};

// Does not keep the fetch: what the fetch waits for does. So a handle may outlive the downloader.
class NetworkFetch final : public Fetch {
 public:
  explicit NetworkFetch(std::weak_ptr<RangeFetch> fetch) : fetch_(std::move(fetch)) {}
  NetworkFetch(const NetworkFetch&) = delete;
  NetworkFetch& operator=(const NetworkFetch&) = delete;
  ~NetworkFetch() override { give_up(); }
  void cancel() override { give_up(); }
  void raise(Priority priority) override {
    if (const auto fetch = fetch_.lock()) fetch->raise(priority);
  }

 private:
  void give_up() {
    if (const auto fetch = fetch_.lock()) fetch->cancel();
  }
  std::weak_ptr<RangeFetch> fetch_;
};

class LocalFetch final : public Fetch {
 public:
  explicit LocalFetch(std::shared_ptr<std::atomic<bool>> cancelled)
      : cancelled_(std::move(cancelled)) {}
  LocalFetch(const LocalFetch&) = delete;
  LocalFetch& operator=(const LocalFetch&) = delete;
  ~LocalFetch() override { *cancelled_ = true; }
  void cancel() override { *cancelled_ = true; }
  void raise(Priority) override {}

 private:
  std::shared_ptr<std::atomic<bool>> cancelled_;
};

// A fetch that ended before it began.
class NoFetch final : public Fetch {
 public:
  void cancel() override {}
  void raise(Priority) override {}
};

// The object folder of a file:// remote: a bare repository's, or a clone's.
std::vector<std::string> remote_object_folders(const Endpoint& endpoint) {
  const auto url = Url::parse(endpoint.url);
  const std::string path = url ? percent_decode(url->path) : "";
  return {path + "/lfs/objects", path + "/.git/lfs/objects"};
}

}  // namespace

class Downloader::Impl {
 public:
  Impl(HttpEngine& engine, std::unique_ptr<ApiClient> client, LocalStore local, Metrics& metrics,
       const DownloaderOptions& options)
      : client_(std::move(client)),
        local_(std::move(local)),
        file_remote_(client_ && client_->endpoint().is_file()
                         ? remote_object_folders(client_->endpoint())
                         : std::vector<std::string>{}),
        blocking_(std::make_unique<BlockingPool>(kBlockingThreads)) {
    if (client_ && !client_->endpoint().is_file()) {
      source_ = std::make_unique<ApiActionSource>(*client_);
      resolver_ = std::make_unique<ActionResolver>(
          *source_, ResolverOptions{options.coalesce_window, options.batch_objects_max,
                                    options.expiry_margin});
    }
    context_ = std::make_unique<FetchContext>(engine, client_.get(), resolver_.get(), metrics,
                                              options, *blocking_);
    context_->offline = options.offline;
    context_->on_gone = [this](RangeFetch* fetch) {
      const std::lock_guard lock(mutex_);
      fetches_.erase(fetch);
      if (fetches_.empty()) gone_.notify_all();
    };
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ~Impl() {
    if (client_) client_->stop();
    cancel_all();
    resolver_.reset();  // answers what waits, which may post to the pool
    {
      std::unique_lock lock(mutex_);
      gone_.wait(lock, [this] { return fetches_.empty(); });
    }
    blocking_.reset();
  }

  std::unique_ptr<Fetch> start(const ObjectId& id, ByteRange range, Priority priority,
                               std::shared_ptr<ByteSink> sink) {
    range = range.intersect({0, id.size});
    if (range.empty()) {
      sink->done({});
      return std::make_unique<NoFetch>();
    }
    if (const auto path = find_local(id)) return start_local(*path, range, std::move(sink));
    if (resolver_ == nullptr) {
      sink->done(Error(Errc::not_found, client_ ? "the remote does not have the object"
                                                : "no LFS server is configured"));
      return std::make_unique<NoFetch>();
    }
    auto fetch = std::make_shared<RangeFetch>(*context_, id, range, priority, std::move(sink));
    {
      const std::lock_guard lock(mutex_);
      fetches_.emplace(fetch.get(), fetch);
    }
    fetch->start();
    return std::make_unique<NetworkFetch>(std::move(fetch));
  }

  void expect(const std::vector<ObjectId>& ids) {
    if (resolver_) resolver_->expect(ids);
  }

  std::optional<ServerTrouble> last_trouble(const Oid& oid) const {
    return context_->troubles.find(oid);
  }

  void set_offline(bool offline) {
    context_->offline = offline;
    if (offline) cancel_all();
  }

 private:
  std::optional<std::string> find_local(const ObjectId& id) const {
    auto path = local_.find(id);
    return path ? path : file_remote_.find(id);
  }

  std::unique_ptr<Fetch> start_local(const std::string& path, ByteRange range,
                                     std::shared_ptr<ByteSink> sink) {
    auto cancelled = std::make_shared<std::atomic<bool>>(false);
    blocking_->post([path, range, cancelled, sink = std::move(sink)] {
      deliver_file(path, range, *cancelled, *sink);
    });
    return std::make_unique<LocalFetch>(std::move(cancelled));
  }

  void cancel_all() {
    std::vector<std::shared_ptr<RangeFetch>> living;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [raw, weak] : fetches_) {
        if (auto fetch = weak.lock()) living.push_back(std::move(fetch));
      }
    }
    for (const auto& fetch : living) fetch->cancel();
  }

  std::unique_ptr<ApiClient> client_;
  LocalStore local_, file_remote_;
  std::unique_ptr<BlockingPool> blocking_;
  std::unique_ptr<ActionSource> source_;
  std::unique_ptr<ActionResolver> resolver_;
  std::unique_ptr<FetchContext> context_;
  std::mutex mutex_;
  std::condition_variable gone_;
  std::map<RangeFetch*, std::weak_ptr<RangeFetch>> fetches_;  // guarded by mutex_
};

Downloader::Downloader(HttpEngine& engine, std::unique_ptr<ApiClient> client, LocalStore local,
                       Metrics& metrics, DownloaderOptions options)
    : impl_(std::make_unique<Impl>(engine, std::move(client), std::move(local), metrics, options)) {
}
Downloader::~Downloader() = default;

std::unique_ptr<Fetch> Downloader::start(const ObjectId& id, ByteRange range, Priority priority,
                                         std::shared_ptr<ByteSink> sink) {
  return impl_->start(id, range, priority, std::move(sink));
}
void Downloader::expect(const std::vector<ObjectId>& ids) { impl_->expect(ids); }
std::optional<ServerTrouble> Downloader::last_trouble(const Oid& oid) const {
  return impl_->last_trouble(oid);
}
void Downloader::set_offline(bool offline) { impl_->set_offline(offline); }

}  // namespace lazylfs::lfs
