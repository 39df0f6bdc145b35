// The ways to move one object: basic HTTP, tus, custom agents, SSH.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lfs/base/json.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"

namespace lazylfs::lfs {

// One attempt to move one object.
struct TransferTask {
  ObjectId id;
  std::string name;        // the first of its paths
  std::string local_path;  // upload: the file to send
  Json entry;              // the server's answer for it; null when no server was asked
  std::function<void(std::int64_t)> progress;  // that many bytes more; from any thread
};

// How it went.
struct Attempt {
  static constexpr int kUnlimited = std::numeric_limits<int>::max();

  Result<void> result;  // download: success means that the object is in the store
  int retries = 0;      // how often an object that failed so may be tried again
  std::optional<std::int64_t> retry_after;  // seconds, as the server wishes
  bool overloaded = false;                  // the server wants fewer requests at once

  static Attempt done() { return {}; }
  static Attempt failed(Error error) { return {std::move(error), 0, std::nullopt, false}; }
  // For failures that may pass.
  static Attempt passing(Error error) {
    return {std::move(error), kUnlimited, std::nullopt, false};
  }
};

// Thread-safe: workers of one queue call move() at the same time.
class TransferAdapter {
 public:
  TransferAdapter() = default;
  TransferAdapter(const TransferAdapter&) = delete;
  TransferAdapter& operator=(const TransferAdapter&) = delete;
  virtual ~TransferAdapter() = default;

  virtual std::string_view name() const = 0;
  // Blocks until the object is moved or not. `worker` counts from 0 to workers_max() - 1, and no
  // two calls at the same time have the same.
  virtual Attempt move(const TransferTask& task, std::size_t worker) = 0;
  // How many objects it moves at once at most; 0: as many as the queue likes.
  virtual std::size_t workers_max() const { return 0; }
  // Ends what is under way, soon; later calls of move() fail with Errc::cancelled.
  virtual void stop() = 0;
};

}  // namespace lazylfs::lfs
