// The map of an incomplete object: which blocks are here, how far the hash has come, and who is
// fetching what. Every process that has the object open maps the same file.
//
// Locks are open-file-description locks on byte positions of the map that stand for things, so the
// death of a process frees what it held:
//   user   shared while an Object is open; exclusive to remove the object's files
//   setup  while the header is made or reset
//   hash   while the hash advances
//   block  one position for each block, held by the process that fetches it
// They do not exclude threads that share the descriptor; BlockStore and PartialObject do that.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cache/blocks.h"
#include "cache/layout.h"
#include "lfs/base/fd.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"
#include "lfs/base/sha256.h"

namespace lazylfs::cache {

// SHA-256 states at the ends of all blocks but the last: one less than there are blocks.
using Ledger = std::vector<Sha256::State>;

enum class MapFlag : std::uint32_t {
  trusted = 1U << 0U,      // the ledger led to the object's oid: it decides about every block
  complete = 1U << 1U,     // and all blocks are here
  quarantined = 1U << 2U,  // the last content did not match the oid and was dropped
  dropping = 1U << 3U,     // it is being dropped
};

// What the index knows when a map must be made anew.
struct MapSeed {
  Ledger ledger;  // of an object that was verified before; else empty
  // The last checkpoint: blocks that are on the disk itself. It counts only if the map that is
  // being replaced carries the same token.
  std::string bitmap;
  std::uint64_t token = 0;
  bool keep_data = false;  // the bitmap counts in any case
};

struct HashProgress {
  std::uint64_t frontier = 0;  // blocks hashed
  Sha256::State state{};       // after them
};

// Thread-safe, but for what the comments on locks say.
class MapFile {
 public:
  // Opens the map and its data file, which are made when missing. `seed` is asked when the map is
  // new or is from before the last boot.
  static Result<std::unique_ptr<MapFile>> open(const Layout& layout, const ObjectId& id,
                                               const std::function<MapSeed()>& seed);
  // Errc::not_found when there is none that can be trusted.
  static Result<std::unique_ptr<MapFile>> open_existing(const Layout& layout, const Oid& oid);
  MapFile(const MapFile&) = delete;
  MapFile& operator=(const MapFile&) = delete;
  ~MapFile();

  const ObjectId& id() const { return id_; }
  std::uint64_t blocks() const { return blocks_; }
  int data_fd() const { return data_.get(); }
  bool created() const { return created_; }

  bool has(std::uint64_t block) const;
  void set(const BlockSpan& span);
  void clear(const BlockSpan& span);
  std::uint64_t present_count() const;
  // The first block of `span` that is (not) here, span.last when none.
  std::uint64_t find(const BlockSpan& span, bool present) const;
  bool full() const { return find({0, blocks_}, false) == blocks_; }
  // Whether a block at or after the frontier is missing: then no reader has seen all blocks. Cheap.
  bool lacks_a_block() const;
  std::string bitmap() const;

  bool is(MapFlag flag) const;
  void set_flag(MapFlag flag);
  void clear_flag(MapFlag flag);
  std::uint64_t generation() const;
  void bump_generation();
  std::uint64_t quarantines() const;
  void bump_quarantines();

  std::uint64_t frontier() const;
  // The caller holds the hash lock for these. Ledger entries are written before the progress.
  HashProgress load_hash() const;
  void save_hash(const HashProgress& progress);
  Result<void> write_ledger(std::uint64_t first, std::span<const Sha256::State> states);
  Result<Ledger> read_ledger() const;
  // The states before and after `block`; before block 0 is the start, after the last is nothing.
  Result<std::optional<Sha256::State>> state_after(std::uint64_t block) const;

  // A checkpoint: takes a token, lets the caller sync data and map and store the token with the
  // bitmap of after the call. The token is void once blocks of it were taken away.
  std::uint64_t begin_checkpoint();
  bool checkpoint_holds(std::uint64_t token) const;
  Result<void> sync() const;  // of data and map
  void void_checkpoint();     // on the disk when it returns

  // The front part of `span` that could be locked; empty when its first block is somebody's.
  BlockSpan try_lock_blocks(const BlockSpan& span);
  void unlock_blocks(const BlockSpan& span);
  bool try_lock_hash();
  void unlock_hash();
  // Turns the user lock exclusive: nobody else has the object open, nor will until this is gone.
  bool try_lock_alone();
  void remove_files(const Layout& layout);
  // Moves the data to objects/ and removes the map, unless somebody did so already.
  Result<void> promote(const Layout& layout);

 private:
  struct Header;
  MapFile(const ObjectId& id, Fd map, Fd data);
  Result<void> set_up(const std::function<MapSeed()>& seed);
  Result<void> map_memory();
  Result<bool> header_is_ours() const;
  std::uint64_t old_token() const;
  Result<void> reset(const MapSeed& seed);
  bool still_linked(const std::string& path) const;

  std::atomic<std::uint64_t>& word(std::uint64_t index) const { return bits_[index]; }

  ObjectId id_;
  std::uint64_t blocks_;
  Fd map_, data_;
  bool created_ = false;
  std::size_t mapped_bytes_ = 0;
  Header* header_ = nullptr;
  std::atomic<std::uint64_t>* bits_ = nullptr;
  mutable std::atomic<std::uint64_t> missing_hint_;
};

// The id of this boot of the machine.
const std::string& current_boot_id();

}  // namespace lazylfs::cache
