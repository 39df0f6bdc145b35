// When may a reader have a block?
//
// Its bit is set only after its data was written. Until the digest of the whole object is known to
// match, one block at least must be kept from all readers. So a block is shown if its bit is set
// and either the ledger is trusted (then each block was hashed or checked against it) or, looked at
// *after* the bit, some block that was not hashed yet is missing. Two processes that land the two
// last blocks see either their own block withheld or both: whichever bit comes second makes the map
// full for everybody who looks later.
//
// A block that a reader was allowed to see stays visible when the last block lands: it was handed
// out while another one was missing, and whoever was told that it can be read may read it. That
// holds for one generation of the map, since a block that comes again may be another.
//
// A block behind the frontier was hashed once. If it was punched out and comes again, it must be
// what was hashed: publish() compares it with the ledger, trusted or not. This is also how blocks
// of an object whose ledger survived in the index are checked, for its map starts with the frontier
// at the end. The frontier cannot pass a block whose bit is clear, and a landing block is claimed,
// so the comparison in publish() does not race with the hasher.
//
// Punching: bits are cleared, then the generation grows, then the hole is made. A reader notes the
// generation, looks at bits, reads, and starts over if the generation moved. Dropping the whole
// content after a mismatch makes blocks missing that were withheld for being the last, hence the
// flag `dropping` around it: without it, a reader could see its bit, then the clearing of others.
#include "cache/block_store.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "lfs/base/sha256.h"
#include "lfs/base/trace.h"

namespace lazylfs::cache {
namespace {

constexpr std::uint64_t kHashRunBlocks = 4;  // read and hashed at a time: stays in the L2 cache

}  // namespace

BlockSpan BlockStore::usable(const BlockSpan& span) const {
  const std::uint64_t generation = map_->generation();
  const BlockSpan here{span.first, map_->find(span, false)};
  const BlockSpan nothing{span.first, span.first};
  if (here.empty()) return nothing;
  if (map_->is(MapFlag::trusted)) return here;
  auto shown = shown_.lock();
  if (shown->generation != generation || shown->blocks.empty()) {
    shown->blocks.assign(map_->blocks(), false);
    shown->generation = generation;
  }
  BlockSpan result = here;
  if (map_->lacks_a_block()) {
    for (std::uint64_t i = here.first; i < here.last; ++i) shown->blocks[i] = true;
  } else {
    result.last = here.first;
    while (result.last < here.last && shown->blocks[result.last]) ++result.last;
  }
  return map_->is(MapFlag::dropping) ? nothing : result;
}

Result<std::size_t> BlockStore::read(std::uint64_t offset, std::span<std::byte> into) const {
  const ByteRange wanted = cut_to_size({offset, into.size()}, size());
  if (wanted.empty()) return std::size_t{0};
  for (;;) {
    const std::uint64_t generation = map_->generation();
    const BlockSpan here = usable(blocks_touching(wanted, size()));
    if (here.empty()) return std::size_t{0};
    const ByteRange have = wanted.intersect(bytes_of(here, size()));
    const std::size_t bytes = TRY(pread_full(map_->data_fd(), into.first(have.length), offset));
    if (map_->generation() != generation) continue;
    if (bytes < have.length) return Error(Errc::io, "the cache's data file is cut short");
    return bytes;
  }
}

Result<void> BlockStore::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  return pwrite_all(map_->data_fd(), bytes, offset);
}

Result<void> BlockStore::publish(const BlockSpan& span) {
  const std::uint64_t frontier = map_->frontier();
  for (std::uint64_t block = span.first; block < std::min(span.last, frontier); ++block) {
    if (!TRY(genuine(block))) {
      return Error(Errc::corrupt, "block " + std::to_string(block) + " of " + map_->id().oid.hex() +
                                      " does not match its digest");
    }
    map_->set({block, block + 1});
  }
  map_->set({std::max(span.first, frontier), span.last});
  return {};
}

Result<std::size_t> BlockStore::read_block(std::uint64_t block, std::span<std::byte> into) const {
  const ByteRange range = bytes_of({block, block + 1}, size());
  const std::size_t bytes =
      TRY(pread_full(map_->data_fd(), into.first(range.length), range.offset));
  if (bytes < range.length) return Error(Errc::io, "the cache's data file is cut short");
  return bytes;
}

Result<bool> BlockStore::genuine(std::uint64_t block) const {
  std::vector<std::byte> data(kBlockBytes);
  const std::size_t bytes = TRY(read_block(block, data));
  Sha256 hasher;
  if (block > 0) {
    const auto before = TRY(map_->state_after(block - 1));
    hasher = Sha256(*before, block * kBlockBytes);
  }
  hasher.update(std::span(data).first(bytes));
  const auto after = TRY(map_->state_after(block));
  return after ? hasher.state() == *after : hasher.digest() == map_->id().oid;
}

Result<HashStep> BlockStore::advance_hash(std::uint64_t blocks_max) {
  const std::lock_guard lock(hash_mutex_);
  if (map_->is(MapFlag::trusted)) return HashStep::trusted;
  const bool dropping = map_->is(MapFlag::dropping);
  if (!dropping && !map_->has(map_->frontier())) return HashStep::waiting;
  if (!map_->try_lock_hash()) return HashStep::busy;
  const Result<HashStep> step = hash_run(blocks_max);
  map_->unlock_hash();
  return step;
}

Result<HashStep> BlockStore::hash_run(std::uint64_t blocks_max) {
  if (map_->is(MapFlag::trusted)) return HashStep::trusted;
  if (map_->is(MapFlag::dropping)) return drop_content();  // somebody died while doing so
  HashProgress progress = map_->load_hash();
  Sha256 hasher(progress.state, progress.frontier * kBlockBytes);
  const std::size_t scratch_bytes = std::min(kHashRunBlocks * kBlockBytes, size());
  const auto scratch = std::make_unique_for_overwrite<std::byte[]>(scratch_bytes);
  std::vector<Sha256::State> states;
  for (std::uint64_t budget = blocks_max; budget > 0;) {
    const std::uint64_t from = progress.frontier;
    const std::uint64_t generation = map_->generation();
    const std::uint64_t longest = std::min({budget, kHashRunBlocks, map_->blocks() - from});
    const BlockSpan run{from, map_->find({from, from + longest}, false)};
    if (run.empty()) return HashStep::waiting;
    const ByteRange range = bytes_of(run, size());
    const std::span<std::byte> data = std::span(scratch.get(), range.length);
    const std::size_t bytes = TRY(pread_full(map_->data_fd(), data, range.offset));
    if (map_->generation() != generation) continue;  // some of it may have been punched out
    if (bytes < range.length) return Error(Errc::io, "the cache's data file is cut short");
    states.clear();
    for (std::uint64_t at = 0; at < data.size(); at += kBlockBytes) {
      const std::span<std::byte> block = data.subspan(at);
      hasher.update(block.first(std::min<std::size_t>(block.size(), kBlockBytes)));
      if (run.first + states.size() + 1 < map_->blocks()) states.push_back(hasher.state());
    }
    if (!states.empty()) TRY(map_->write_ledger(run.first, states));
    if (run.last == map_->blocks()) return conclude(hasher);
    progress = {run.last, states.back()};
    map_->save_hash(progress);
    budget -= run.count();
  }
  return HashStep::more;
}

Result<HashStep> BlockStore::conclude(const Sha256& hasher) {
  if (hasher.digest() == map_->id().oid) {
    map_->save_hash({map_->blocks(), {}});
    map_->set_flag(MapFlag::trusted);
    return HashStep::trusted;
  }
  return drop_content();
}

HashStep BlockStore::drop_content() {
  // The bytes stay in the file until they are overwritten or the object is evicted: punching them
  // out could hit a block that somebody lands at this moment.
  map_->set_flag(MapFlag::dropping);
  map_->set_flag(MapFlag::quarantined);
  map_->bump_quarantines();
  map_->void_checkpoint();
  map_->clear({0, map_->blocks()});
  map_->bump_generation();
  map_->save_hash({0, Sha256().state()});
  map_->clear_flag(MapFlag::dropping);
  return HashStep::corrupt;
}

bool BlockStore::try_complete() {
  // Against punch(), which clears bits and then looks at the flag: both may back off, never
  // neither.
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    if (!map_->is(MapFlag::trusted) || !map_->full()) return false;
    map_->set_flag(MapFlag::complete);
    if (map_->full()) return true;
    map_->clear_flag(MapFlag::complete);
  }
  return false;
}

std::uint64_t BlockStore::punch(const BlockSpan& span) {
  std::uint64_t freed = 0;
  for (BlockSpan rest = span; !rest.empty();) {
    rest.first = map_->find(rest, true);
    const BlockSpan wanted{rest.first, map_->find(rest, false)};
    if (wanted.empty()) break;
    rest.first = wanted.last;
    const BlockSpan locked = map_->try_lock_blocks(wanted);
    if (locked.empty()) continue;
    map_->void_checkpoint();
    map_->clear(locked);
    map_->bump_generation();
    if (map_->is(MapFlag::complete)) {
      map_->set(locked);
    } else {
      const ByteRange range = bytes_of(locked, size());
      const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
      if (::fallocate(map_->data_fd(), mode, static_cast<off_t>(range.offset),
                      static_cast<off_t>(range.length)) == 0) {
        freed += range.length;
      } else {
        log_line(LogLevel::warning,
                 "cannot punch a hole into the cache: errno " + std::to_string(errno));
      }
    }
    map_->unlock_blocks(locked);
  }
  return freed;
}

Result<FileDigest> digest_file(int fd, int into) {
  FileDigest result;
  Sha256 hasher;
  std::vector<std::byte> buffer(kHashRunBlocks * kBlockBytes);
  for (;;) {
    const std::size_t bytes = TRY(pread_full(fd, buffer, result.size));
    const std::span<const std::byte> data = std::span(buffer).first(bytes);
    for (std::size_t at = 0; at < data.size(); at += kBlockBytes) {
      // The state at the end of the last block is not part of the ledger.
      if (result.size + at > 0) result.ledger.push_back(hasher.state());
      hasher.update(data.subspan(at, std::min<std::size_t>(kBlockBytes, data.size() - at)));
    }
    if (into >= 0) TRY(pwrite_all(into, data, result.size));
    result.size += bytes;
    if (bytes < buffer.size()) break;
  }
  result.oid = hasher.digest();
  return result;
}

}  // namespace lazylfs::cache
