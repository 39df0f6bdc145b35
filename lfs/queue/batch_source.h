// Where a queue learns what to do with its objects: the batch API, git-lfs-transfer, or nobody.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lfs/api/client.h"
#include "lfs/base/json.h"
#include "lfs/base/metrics.h"
#include "lfs/base/oid.h"

namespace lazylfs::lfs {

struct BatchQuestion {
  Operation operation = Operation::download;
  std::vector<ObjectId> objects;
  std::vector<std::string> transfers;
  std::string ref;
};

struct BatchAnswer {
  std::string transfer;  // the adapter that the server chose; empty: basic
  std::vector<Json> entries;
};

struct BatchOutcome {
  Result<BatchAnswer> answer;
  int retries = 0;  // how often the call may be tried again
  std::optional<std::int64_t> retry_after;
  bool too_large = false;  // fewer objects may work
};

// Thread-safe; calls block.
class BatchSource {
 public:
  BatchSource() = default;
  BatchSource(const BatchSource&) = delete;
  BatchSource& operator=(const BatchSource&) = delete;
  virtual ~BatchSource() = default;
  virtual BatchOutcome ask(const BatchQuestion& question) = 0;
};

class HttpBatchSource final : public BatchSource {
 public:
  // Both must outlive it.
  HttpBatchSource(ApiClient& client, Metrics& metrics) : client_(client), metrics_(metrics) {}
  BatchOutcome ask(const BatchQuestion& question) override;

 private:
  ApiClient& client_;
  Metrics& metrics_;
};

// For standalone agents: an answer without any server's word.
class NoBatchSource final : public BatchSource {
 public:
  explicit NoBatchSource(std::string transfer) : transfer_(std::move(transfer)) {}
  BatchOutcome ask(const BatchQuestion& question) override;

 private:
  const std::string transfer_;
};

}  // namespace lazylfs::lfs
