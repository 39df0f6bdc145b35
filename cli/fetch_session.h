// What a command needs to fetch a repository's objects into the cache by itself.
#pragma once

#include <memory>
#include <string>

#include "cache/source.h"
#include "fs/source_adapter.h"
#include "lfs/base/metrics.h"
#include "lfs/git/repository.h"
#include "lfs/http/engine.h"
#include "lfs/transfer/downloader.h"

namespace lazylfs::cli {

// Thread-safe once opened. The objects opened through source() must end before it.
class FetchSession {
 public:
  // `repository` and `metrics` must outlive the session. Without an LFS server to ask, only what
  // the repository's own store has can be had.
  static Result<std::unique_ptr<FetchSession>> open(const lfs::Repository& repository,
                                                    Metrics& metrics, bool interactive);

  cache::Source& source() { return *source_; }
  lfs::Downloader& downloader() { return *downloader_; }
  // The server's address for messages; empty when there is none.
  const std::string& endpoint() const { return endpoint_; }

 private:
  explicit FetchSession(Metrics& metrics) : engine_(metrics) {}

  // In the order in which they need each other.
  lfs::HttpEngine engine_;
  std::string endpoint_;
  std::unique_ptr<lfs::Downloader> downloader_;
  std::unique_ptr<fs::DownloaderSource> source_;
};

}  // namespace lazylfs::cli
