#include "cache/verifier.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "cache/block_store.h"
#include "cache/partial_object.h"
#include "lfs/base/files.h"
#include "lfs/base/trace.h"

namespace lazylfs::cache {
namespace {

// Which blocks of a file the ledger of a verified object vouches for, as a bitmap of a map file.
struct Check {
  std::string bitmap;
  std::uint64_t good = 0;
};

Check check_blocks(const FileDigest& found, const Ledger& ledger, const ObjectId& id) {
  const std::uint64_t blocks = block_count(id.size);
  Check check{std::string((blocks + 63) / 64 * 8, '\0'), 0};
  // The file's own ledger agrees with the known one until the first bad block, and never after it;
  // later blocks are compared one by one by the caller. Here: the good front.
  std::uint64_t front = 0;
  while (front < blocks - 1 && front < found.ledger.size() &&
         found.ledger[front] == ledger[front]) {
    ++front;
  }
  for (std::uint64_t block = 0; block < front; ++block) {
    auto& byte = check.bitmap[block / 8];
    byte = static_cast<char>(static_cast<unsigned char>(byte) | (1U << (block % 8)));
  }
  check.good = front;
  return check;
}

// Makes a complete object partial again, keeping the blocks that the ledger vouches for. The bad
// bytes stay in the file until good ones replace them: a reader that has it open is healed then.
Result<bool> repair(Core& core, const ObjectId& id, const FileDigest& found, const Ledger& ledger) {
  const std::uint64_t blocks = block_count(id.size);
  if (blocks < 2 || ledger.size() != blocks - 1) return false;
  const Check front = check_blocks(found, ledger, id);
  const std::string data = core.layout().partial_data(id.oid);
  TRY(make_folders(parent_path(data), 0700));
  if (file_exists(core.layout().partial_map(id.oid))) return false;
  // A hard link of a file in a repository is not ours to write to.
  struct stat status {};
  if (::stat(core.layout().object(id.oid).c_str(), &status) != 0 || status.st_nlink > 1) {
    return false;
  }
  if (std::rename(core.layout().object(id.oid).c_str(), data.c_str()) != 0) {
    return Error::from_errno("rename to " + data, errno);
  }
  const MapSeed seed{ledger, front.bitmap, 0, true};
  auto map = TRY(MapFile::open(core.layout(), id, [&] { return seed; }));
  BlockStore store(std::move(map));
  for (std::uint64_t block = front.good; block < blocks; ++block) {
    if (store.map().has(block)) continue;
    const BlockSpan span = store.map().try_lock_blocks({block, block + 1});
    if (!span.empty() && TRY(store.genuine(block))) store.map().set(span);
    store.map().unlock_blocks(span);
  }
  const std::uint64_t present = store.map().present_count();
  const std::uint64_t bytes = std::min(present * kBlockBytes, id.size);
  TRY(core.index().set_state(id, present > 0 ? ObjectState::partial : ObjectState::quarantined,
                             bytes));
  TRY(save_checkpoints(core.index(), {&store.map()}));
  return true;
}

Result<void> verify_complete(Core& core, const IndexRow& row, const Fd& file,
                             VerifyReport& report) {
  const FileDigest found = TRY(digest_file(file.get()));
  report.bytes_checked += found.size;
  core.metrics().add(Counter::verified_objects);
  if (found.oid == row.id.oid) {
    if (row.state == ObjectState::complete && row.bytes == found.size) return {};
    return core.index().record_complete({{{row.id.oid, found.size}, found.ledger, 0}});
  }
  core.metrics().add(Counter::verify_failures);
  log_line(LogLevel::error, "the cache's file of " + row.id.oid.hex() + " is damaged");
  const Result<Ledger> ledger = core.index().ledger(row.id.oid);
  if (ledger && found.size == row.id.size) {
    const Result<bool> repaired = repair(core, row.id, found, *ledger);
    if (repaired.has_value() && *repaired) {
      report.repaired.push_back(row.id.oid);
      return {};
    }
  }
  remove_file(core.layout().object(row.id.oid));
  report.corrupt.push_back(row.id.oid);
  return core.index().set_state(row.id, ObjectState::quarantined, 0);
}

Result<void> verify_partial(Core& core, const IndexRow& row, VerifyReport& report) {
  Result<std::unique_ptr<MapFile>> opened = MapFile::open_existing(core.layout(), row.id.oid);
  if (!opened) return {};
  BlockStore store(std::move(*opened));
  MapFile& map = store.map();
  const std::uint64_t frontier = map.frontier();
  std::uint64_t bad = 0;
  for (std::uint64_t block = 0; block < frontier; ++block) {
    if (!map.has(block)) continue;
    report.bytes_checked += bytes_of({block, block + 1}, row.id.size).length;
    if (TRY(store.genuine(block))) continue;
    if (store.punch({block, block + 1}) > 0) ++bad;
  }
  if (bad == 0) return {};
  core.metrics().add(Counter::verify_failures);
  report.repaired.push_back(row.id.oid);
  return core.index().set_state(map.id(), ObjectState::partial,
                                std::min(map.present_count() * kBlockBytes, map.id().size));
}

}  // namespace

Result<void> verify_object(Core& core, const IndexRow& row, VerifyReport& report) {
  ++report.objects_checked;
  Result<Fd> file = open_file(core.layout().object(row.id.oid), O_RDONLY);
  if (file) return verify_complete(core, row, *file, report);
  if (file.error().code() != Errc::not_found) return file.error();
  return verify_partial(core, row, report);
}

}  // namespace lazylfs::cache
