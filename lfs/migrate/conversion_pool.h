// Blobs that are converted by several threads while the history is walked.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "lfs/base/guarded.h"
#include "lfs/migrate/migration.h"

namespace lazylfs::lfs {

// add() and result() are for one thread. Threads start with the first blob.
class ConversionPool {
 public:
  // Both must outlive it.
  ConversionPool(Migration& migration, PackWriter& pack) : migration_(migration), pack_(pack) {}
  ConversionPool(const ConversionPool&) = delete;
  ConversionPool& operator=(const ConversionPool&) = delete;
  ~ConversionPool();

  // The conversion's number: 0, 1, 2, ...
  std::size_t add(const GitOid& blob, std::string path);
  // Waits for it.
  Result<GitOid> result(std::size_t number);

 private:
  struct Job {
    std::size_t number;
    GitOid blob;
    std::string path;
  };
  struct State {
    std::deque<Job> waiting;
    std::vector<std::optional<GitOid>> results;
    std::optional<Error> failure;
    bool ended = false;
  };
  void work();

  Migration& migration_;
  PackWriter& pack_;
  Guarded<State> state_;
  std::condition_variable arrived_, done_;
  std::vector<std::thread> threads_;
};

}  // namespace lazylfs::lfs
