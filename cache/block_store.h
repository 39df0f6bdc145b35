// The bytes of an incomplete object: a sparse data file beside its map. Knows which blocks may be
// shown to a reader, checks and hashes them; knows nothing of fetches, waiters and threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "cache/map_file.h"
#include "lfs/base/guarded.h"

namespace lazylfs::cache {

enum class HashStep {
  waiting,  // the next block is not here yet
  more,     // the budget is spent
  busy,     // another process is hashing this object
  trusted,  // the digest matched: the ledger decides from now on
  corrupt,  // the digest did not match; the content was dropped
};

// Thread-safe.
class BlockStore {
 public:
  explicit BlockStore(std::unique_ptr<MapFile> map) : map_(std::move(map)) {}

  MapFile& map() { return *map_; }
  const MapFile& map() const { return *map_; }
  std::uint64_t size() const { return map_->id().size; }

  // Blocks of `span` from its front that a reader may have.
  BlockSpan usable(const BlockSpan& span) const;
  // As Object::read_present.
  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) const;

  // Writes bytes of blocks that the caller has claimed (their lock is held, their bits are clear).
  Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes);
  // The bytes of `span` are all written: checks them if their digests are known (Errc::corrupt),
  // and shows them.
  Result<void> publish(const BlockSpan& span);
  // Whether `block` is what the ledger says; the frontier must be past it.
  Result<bool> genuine(std::uint64_t block) const;

  // Hashes on, at most `blocks_max` blocks.
  Result<HashStep> advance_hash(std::uint64_t blocks_max);
  // Marks the object complete if it is trusted and all blocks are here; true when it is complete.
  bool try_complete();

  // Gives blocks back to the file system, unless somebody fetches them or the object is complete.
  // Only through a descriptor that fetches nothing itself. Returns the bytes freed.
  std::uint64_t punch(const BlockSpan& span);

 private:
  Result<HashStep> hash_run(std::uint64_t blocks_max);
  Result<HashStep> conclude(const Sha256& hasher);
  HashStep drop_content();
  Result<std::size_t> read_block(std::uint64_t block, std::span<std::byte> into) const;

  std::unique_ptr<MapFile> map_;
  std::mutex hash_mutex_;  // the hash lock, among the threads of this process

  // Blocks that readers of this process were allowed to see already, in one generation of the map.
  struct Shown {
    std::vector<bool> blocks;
    std::uint64_t generation = 0;
  };
  mutable Guarded<Shown> shown_;
};

// Hashes a whole file, and its ledger on the way. `into` also gets the bytes, unless it is -1.
struct FileDigest {
  Oid oid;
  std::uint64_t size = 0;
  Ledger ledger;
};
Result<FileDigest> digest_file(int fd, int into = -1);

}  // namespace lazylfs::cache
