// The content-addressed cache: one for each user, shared by all repositories, mounts and commands
// at the same time, across processes. docs/FORMATS.md has its layout on disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cache/source.h"
#include "lfs/base/fd.h"
#include "lfs/base/metrics.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"

namespace lazylfs::cache {

// The unit of presence: a bit of the bitmap, a row of the ledger, the least that is fetched.
inline constexpr std::uint64_t kBlockBytes = 64 * 1024;

enum class ObjectState { remote, partial, complete, quarantined };
std::string_view object_state_name(ObjectState state);  // "remote", …

struct CacheOptions {
  std::string folder;                              // made when missing, mode 0700
  std::uint64_t size_max = 0;                      // lfs.cache.size, bytes; 0: no limit
  std::uint64_t free_space_min = 1ULL << 30U;      // lfs.cache.minfree: kept free on the
                                                   // disk, of which at most a twentieth
  std::chrono::milliseconds read_deadline{60000};  // a reader waits no longer without a new byte
};

struct ObjectStatus {
  ObjectId id;
  ObjectState state = ObjectState::remote;
  std::uint64_t cached_bytes = 0;  // on disk, in whole blocks (the last one short)
  bool pinned = false;
  std::int64_t last_used = 0;  // seconds since 1970
  std::string path;            // of the complete file, else empty
};

class Object;

// A read that waits for bytes. Destroying it does not cancel. Thread-safe.
class PendingRead {
 public:
  PendingRead() = default;
  PendingRead(const PendingRead&) = delete;
  PendingRead& operator=(const PendingRead&) = delete;
  virtual ~PendingRead() = default;
  // The callback gets Errc::cancelled, unless it ran or is running already.
  virtual void cancel() = 0;
};

// An open object; keeps its bytes from being taken away under a reader. Held by shared_ptr because
// reads, fetches and the file system's handles end in any order. When the last reference goes, what
// is under way for the object is cancelled (what landed stays), and its source is not used again.
// Thread-safe.
class Object {
 public:
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;

  virtual const ObjectId& id() const = 0;
  virtual ObjectState state() const = 0;
  virtual std::uint64_t cached_bytes() const = 0;

  // Bytes that are here already: fills the front of `into` from `offset` and returns how many
  // (0: the first byte is not here, is withheld until the object is verified, or lies past the
  // end). Never blocks on the network, never waits for verification.
  virtual Result<std::size_t> read_present(std::uint64_t offset, std::span<std::byte> into) = 0;

  // Calls `done` exactly once, from any thread (also this one): with success when all of `range`
  // (cut at the end of the object) can be read by read_present(), else with the reason. Fetches
  // what is missing: joins fetches under way in this and other processes, rounds out to blocks.
  // Where eviction is tight (a limit near the object's size), blocks may be gone again before they
  // are read: a read that then falls short asks anew.
  virtual std::shared_ptr<PendingRead> read_when_ready(ByteRange range,
                                                       std::function<void(Result<void>)> done) = 0;

  // Wants `range` soon: starts fetches for what is neither here nor under way, and returns. They
  // end by themselves; failures are kept for a later read's own try.
  virtual void prefetch(ByteRange range, Priority priority) = 0;

  // A descriptor on the whole, verified content (valid while the Object lives), or -1 while the
  // object is not complete. Reads through it need no further check: this is what splice and FUSE
  // passthrough use.
  virtual int complete_fd() const = 0;

  // The reason of the last failed fetch or verification, if any.
  virtual std::optional<Error> last_error() const = 0;

  // A reader begins with it: it counts as just used, although it was opened (or fetched ahead)
  // before.
  virtual void mark_used() {}

  // How often content that was shown to readers turned out not to be the object's. Whoever read
  // before and after a change of it may have mixed wrong bytes with right ones.
  virtual std::uint64_t mismatches() const { return 0; }
};

struct VerifyReport {
  std::uint64_t objects_checked = 0, bytes_checked = 0;
  std::vector<Oid> corrupt;   // quarantined; the next read fetches afresh
  std::vector<Oid> repaired;  // only some blocks were bad: those were dropped
};

struct GcReport {
  std::uint64_t objects_removed = 0, bytes_freed = 0;
  std::vector<Oid> removed;
};

struct CacheTotals {
  std::uint64_t objects = 0, complete = 0, partial = 0, quarantined = 0, pinned = 0;
  std::uint64_t bytes = 0;  // on disk
  std::uint64_t size_max = 0, free_space = 0, free_space_min = 0;
};

// Thread-safe; any number of processes may have one on the same folder.
class Cache {
 public:
  // Opens or makes the cache. A corrupt index is set aside and rebuilt from the objects on disk.
  static Result<std::unique_ptr<Cache>> open(CacheOptions options, Metrics& metrics);
  virtual ~Cache() = default;
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // Opens an object for reading. Never touches the network: an absent object is `remote` until it
  // is read. `source` must outlive the Object. The same Object is returned while one is alive.
  // Errc::no_space when even the bookkeeping does not fit.
  virtual Result<std::shared_ptr<Object>> open_object(const ObjectId& id, Source& source) = 0;

  // What is known of an object, without opening or touching it.
  virtual Result<ObjectStatus> status(const Oid& oid) = 0;
  virtual Result<std::vector<ObjectStatus>> list() = 0;  // most recently used first
  virtual Result<CacheTotals> totals() = 0;

  // Pinned objects are never evicted; an absent object may be pinned.
  virtual Result<void> pin(const ObjectId& id, bool pinned) = 0;
  // Removes the content (not the ledger). Errc::busy when it is pinned; open readers go on.
  virtual Result<std::uint64_t> evict(const Oid& oid) = 0;
  // Hashes what is on disk again. Empty `only`: everything.
  virtual Result<VerifyReport> verify(const std::vector<Oid>& only,
                                      const std::function<void(const Oid&)>& progress) = 0;
  // Makes room until the limits hold, and removes leftovers of dead processes.
  virtual Result<GcReport> gc(bool dry_run) = 0;

  // Takes a complete file into the cache (reflink, hard link or copy), hashing it first.
  // Errc::corrupt when it is not `id`.
  virtual Result<void> insert_file(const ObjectId& id, const std::string& path) = 0;

  // Takes files that were just verified, where that costs next to nothing: by reflink, else by hard
  // link to a file of this user's, which becomes read-only. The others are left out. One change of
  // the index for all; a cache without room takes none.
  struct VerifiedFile {
    ObjectId id;
    std::string path;
  };
  virtual Result<void> adopt_files(const std::vector<VerifiedFile>& files) = 0;

 protected:
  Cache() = default;
};

}  // namespace lazylfs::cache
