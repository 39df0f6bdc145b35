// Fetches ranges of LFS objects: actions from the batch API, then ranged GETs with retry, resume,
// stall detection and a fallback for servers that ignore Range.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lfs/api/client.h"
#include "lfs/base/fetch.h"
#include "lfs/base/metrics.h"
#include "lfs/base/oid.h"
#include "lfs/http/engine.h"
#include "lfs/store/local_store.h"

namespace lazylfs::lfs {

struct DownloaderOptions {
  std::chrono::milliseconds coalesce_window{1};  // batch calls wait so long for company
  std::size_t batch_objects_max = 100;           // lfs.transfer.batchSize
  int retries_max = 8;  // lfs.transfer.maxretries, per fetch without progress
  std::chrono::milliseconds retry_delay_cap{10000};
  std::chrono::milliseconds fetch_deadline{60000};  // without a new byte: Errc::timed_out
  std::chrono::seconds expiry_margin{30};  // an action is renewed so long before it expires
  bool offline = false;                    // never touch the network: Errc::unreachable
};

// Thread-safe. start() never blocks; a few threads of its own make the blocking calls.
class Downloader {
 public:
  // `client` may be null (no server): then only local objects are found. The rest must outlive it.
  Downloader(HttpEngine& engine, std::unique_ptr<ApiClient> client, LocalStore local,
             Metrics& metrics, DownloaderOptions options);
  ~Downloader();  // cancels what is under way
  Downloader(const Downloader&) = delete;
  Downloader& operator=(const Downloader&) = delete;

  // Begins to fetch `range` of `id`. The sink's done() may come before start() returns (local
  // objects). A server that ignores Range leads to sink->begin({0, size}); concurrent fetches of
  // one object from such a server share one stream.
  // Errors are the errno table's: denied, not_found, timed_out, unreachable, corrupt, transient.
  std::unique_ptr<Fetch> start(const ObjectId& id, ByteRange range, Priority priority,
                               std::shared_ptr<ByteSink> sink);

  // Objects that are likely to be asked for next (siblings in the folder): the next batch call
  // carries them along, at no extra request. Ids whose action is known are ignored; at most a few
  // hundred are remembered.
  void expect(const std::vector<ObjectId>& ids);

  // The story of the last failure of `oid`; empty when there was none.
  std::optional<ServerTrouble> last_trouble(const Oid& oid) const;

  void set_offline(bool offline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lazylfs::lfs
