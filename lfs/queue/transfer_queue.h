// Moves whole objects between the repository's store and a server: for fetch, pull, smudge, the
// filter process and push. (The mount reads ranges; that is lfs/transfer.)
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lfs/api/client.h"
#include "lfs/api/endpoint.h"
#include "lfs/base/json.h"
#include "lfs/base/metrics.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"
#include "lfs/git/repository.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

class SshPool;

// One file that needs its object moved.
struct TransferJob {
  ObjectId id;
  std::string name;  // its path in the repository, for messages; may be empty
};

// What was wrong with the local file of an upload that the server wants.
enum class LocalFault { none, missing, corrupt };

// The end of one object. Jobs with the same object are moved once and end together.
struct TransferOutcome {
  ObjectId id;
  std::vector<std::string> names;
  Result<void> result;  // upload: success also when the server had it already
  bool moved = false;   // false: it was there already (or, in a dry run, would be moved)
  std::string path;     // download: where the object lies now
  Json batch_object;    // the server's entry for it (for `fetch --json`), or null
  LocalFault fault = LocalFault::none;  // for "(missing) path (oid)" and "(corrupt) path (oid)"
};

// Told from the queue's threads, one call at a time; must be quick. `total` figures grow as jobs
// are added.
class TransferObserver {
 public:
  TransferObserver() = default;
  TransferObserver(const TransferObserver&) = delete;
  TransferObserver& operator=(const TransferObserver&) = delete;
  virtual ~TransferObserver() = default;
  // An object that will be moved (upload: that the server wants).
  virtual void expected(const TransferJob& job) { (void)job; }
  // The server has it, or it need not move: it will not be counted.
  virtual void skipped(const TransferJob& job) { (void)job; }
  // `bytes` more of one object were moved; negative when an attempt starts again.
  virtual void progressed(const TransferJob& job, std::int64_t bytes) {
    (void)job;
    (void)bytes;
  }
  virtual void finished(const TransferOutcome& outcome) { (void)outcome; }
};

// Everything queues share in one process: HTTP engine, API clients per endpoint, SSH connections,
// credentials. Thread-safe.
class TransferEnvironment {
 public:
  struct Options {
    ObjectExchange* exchange = nullptr;  // the shared cache; may be null
    bool interactive = false;            // may prompt on the terminal
  };
  // `repository`, `store` and `metrics` must outlive it.
  TransferEnvironment(const Repository& repository, const ObjectStore& store, Metrics& metrics,
                      Options options);
  TransferEnvironment(const TransferEnvironment&) = delete;
  TransferEnvironment& operator=(const TransferEnvironment&) = delete;
  ~TransferEnvironment();

  class Impl;
  Impl& impl() { return *impl_; }

  // The API client for an operation on `remote` (a name, a URL or a path); made at the first call,
  // and the same one afterwards. Errc::not_found when nothing names a server.
  Result<ApiClient*> client(Operation operation, const std::string& remote);
  // The connections to git-lfs-transfer of an SSH remote; nullptr when it is to be asked over HTTP
  // (no SSH remote, or a server without that program). Connects at the first call.
  Result<SshPool*> ssh(Operation operation, const std::string& remote);
  Result<Endpoint> endpoint(Operation operation, const std::string& remote) const;
  const Repository& repository() const;

  // The names that `env` prints: "basic", "lfs-standalone-file", "ssh", custom agents, sorted.
  std::vector<std::string> adapter_names(Operation operation) const;

 private:
  std::unique_ptr<Impl> impl_;
};

struct QueueOptions {
  Operation operation = Operation::download;
  std::string remote;    // a remote's name, a URL or a path
  std::string ref;       // full name sent with the batch call; empty: none
  bool dry_run = false;  // ask the server, move nothing
  bool refetch = false;  // download objects that are here, too
};

// Thread-safe. Work begins with the first job: batches are asked for while earlier ones move.
class TransferQueue {
 public:
  // `environment` and `observer` (may be null) must outlive the queue.
  TransferQueue(TransferEnvironment& environment, QueueOptions options, TransferObserver* observer);
  TransferQueue(const TransferQueue&) = delete;
  TransferQueue& operator=(const TransferQueue&) = delete;
  ~TransferQueue();  // cancels what is under way

  void add(TransferJob job);
  // A batch that is not full is asked for now instead of waiting for more jobs.
  void flush();
  // No more jobs: waits until every object has ended. The errors, each once, in upstream's words
  // ("[<oid>] message: [404] ..."); a failed batch call is one error for all of its objects.
  // Objects with a LocalFault are not among them. Unless lfs.allowincompletepush is set, the first
  // of those ends the queue: objects that were not yet moving then end with Errc::cancelled, which
  // is not among the errors either.
  std::vector<Error> wait();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lazylfs::lfs
