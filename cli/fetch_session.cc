#include "cli/fetch_session.h"

#include <algorithm>

#include "lfs/api/client.h"
#include "lfs/api/endpoint.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"
#include "lfs/git/config.h"
#include "lfs/store/local_store.h"

namespace lazylfs::cli {
namespace {

lfs::DownloaderOptions downloader_options(const lfs::Config& config) {
  constexpr std::int64_t kBatchMax = 1000;
  constexpr std::int64_t kRetriesMax = 100;
  lfs::DownloaderOptions options;
  options.batch_objects_max = static_cast<std::size_t>(
      std::clamp<std::int64_t>(config.get_int("lfs.transfer.batchsize", 100), 1, kBatchMax));
  options.retries_max = static_cast<int>(
      std::clamp<std::int64_t>(config.get_int("lfs.transfer.maxretries", 8), 0, kRetriesMax));
  return options;
}

}  // namespace

Result<std::unique_ptr<FetchSession>> FetchSession::open(const lfs::Repository& repository,
                                                         Metrics& metrics, bool interactive) {
  std::unique_ptr<FetchSession> session(new FetchSession(metrics));
  const lfs::Config& config = repository.config();
  const std::string branch = repository.current_branch();
  const std::string remote = lfs::default_remote(config, branch);
  std::unique_ptr<lfs::ApiClient> client;
  auto endpoint =
      lfs::find_endpoint(config, remote, lfs::Operation::download, repository.common_folder());
  if (endpoint) {
    session->endpoint_ = redact_url(endpoint->url);
    client = std::make_unique<lfs::ApiClient>(
        session->engine_, config, metrics,
        lfs::ApiClientOptions{.endpoint = std::move(*endpoint),
                              .remote = remote,
                              .ref = branch,
                              .repository_folder = repository.git_folder(),
                              .interactive = interactive});
  } else {
    TRACE(TraceArea::general, "no LFS server: " << endpoint.error().message());
  }
  lfs::LocalStore local = lfs::LocalStore::of(repository);
  session->downloader_ = std::make_unique<lfs::Downloader>(
      session->engine_, std::move(client), local, metrics, downloader_options(config));
  session->source_ =
      std::make_unique<fs::DownloaderSource>(*session->downloader_, std::move(local));
  return session;
}

}  // namespace lazylfs::cli
