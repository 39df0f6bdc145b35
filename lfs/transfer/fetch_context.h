// What the fetches of one Downloader share.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "lfs/base/guarded.h"
#include "lfs/transfer/action_resolver.h"
#include "lfs/transfer/downloader.h"
#include "lfs/transfer/whole_stream.h"

namespace lazylfs::lfs {

class RangeFetch;

// A few threads for calls that may block: local reads and questions for credentials. Thread-safe.
class BlockingPool {
 public:
  explicit BlockingPool(std::size_t threads);
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;
  ~BlockingPool();  // runs what was posted, then joins
  void post(std::function<void()> task);

 private:
  void work();
  std::mutex mutex_;
  std::condition_variable posted_;
  std::list<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

// How long a host takes to answer, to tell a stall from its habit. Thread-safe.
class HostHealth {
 public:
  void record_first_byte(const std::string& url, std::chrono::milliseconds elapsed);
  // Silence that is out of the ordinary for this host.
  std::chrono::milliseconds suspicious_silence(const std::string& url) const;

 private:
  Guarded<std::map<std::string, double>> average_ms_;
};

// Failures by object, the newest few. Thread-safe.
class TroubleLog {
 public:
  void add(const Oid& oid, ServerTrouble trouble);
  std::optional<ServerTrouble> find(const Oid& oid) const;

 private:
  struct State {
    std::unordered_map<Oid, ServerTrouble> by_oid;
    std::list<Oid> by_age;
  };
  Guarded<State> state_;
};

struct FetchContext {
  HttpEngine& engine;
  ApiClient* client;         // may be null
  ActionResolver* resolver;  // null exactly when client is
  Metrics& metrics;
  const DownloaderOptions options;
  BlockingPool& blocking;
  HostHealth health;
  TroubleLog troubles;
  WholeStreams streams;  // belongs to the engine's thread
  std::atomic<bool> offline{false};
  std::function<void(RangeFetch*)> on_gone;  // a fetch was destroyed
};

}  // namespace lazylfs::lfs
