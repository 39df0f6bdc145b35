// Walks commits from the oldest to the newest and writes them anew with converted files.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "lfs/git/pack_writer.h"
#include "lfs/migrate/migration.h"

namespace lazylfs::lfs {

// What every commit of a walk became; itself where nothing changed.
using CommitMap = std::unordered_map<GitOid, GitOid, GitOidHash>;

struct RewriteEvents {
  std::function<void(std::size_t done, std::size_t total)> progressed;
  std::function<void(const GitOid& commit, const std::string& path)> converted;
  std::function<Result<void>(const GitOid& before, const GitOid& after)> rewritten;
};

// Thread-compatible. Memory: about 100 bytes for each blob and tree at each path, however large the
// blobs are.
class HistoryRewriter {
 public:
  // All must outlive it.
  HistoryRewriter(const Repository& repository, Migration& migration, RewriteEvents events);
  HistoryRewriter(const HistoryRewriter&) = delete;
  HistoryRewriter& operator=(const HistoryRewriter&) = delete;
  ~HistoryRewriter();

  // Asks the migration about every file of `commits`, and writes nothing.
  Result<void> examine(std::span<const GitOid> commits);
  // Parents first. New objects go to `pack`; nothing refers to them yet.
  Result<CommitMap> rewrite(std::span<const GitOid> commits, PackWriter& pack);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lazylfs::lfs
