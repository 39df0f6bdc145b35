// Everything below the file system, put together from a mount's options: repository, transfer
// engine, cache and tree.
#pragma once

#include <memory>
#include <string>

#include "cache/cache.h"
#include "fs/mount.h"
#include "fs/source_adapter.h"
#include "fs/tree.h"
#include "lfs/base/metrics.h"
#include "lfs/git/repository.h"
#include "lfs/http/engine.h"
#include "lfs/transfer/downloader.h"

namespace lazylfs::fs {

// The members stand in the order in which they need each other; they end in reverse.
struct Backend {
  std::string cache_folder;
  std::string source;  // without credentials, for people
  bool is_url = false;
  lfs::Repository repository;
  lfs::Commit commit;
  Metrics metrics{};
  std::unique_ptr<lfs::HttpEngine> engine{};
  std::unique_ptr<lfs::Downloader> downloader{};
  std::unique_ptr<DownloaderSource> cache_source{};
  std::unique_ptr<cache::Cache> cache{};
  std::unique_ptr<Tree> tree{};
};

// True for URLs and host:path, false for folders.
bool is_remote_source(const std::string& source);

// Where mounts with these options keep their objects, clones, logs and records.
std::string cache_folder_of(const MountOptions& options);

// Clones a URL into the cache, or brings the clone up to date; returns the folder that serves
// `options.source`. With `trust_clone` an existing clone is taken as it is.
Result<std::string> prepare_repository(const MountOptions& options, bool trust_clone);

// Opens all of it. Errors are meant for the user who asked for the mount.
Result<std::unique_ptr<Backend>> open_backend(const MountOptions& options, bool trust_clone);

}  // namespace lazylfs::fs
