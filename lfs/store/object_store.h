// The repository's own LFS folder, read and written: objects/aa/bb/<oid>, tmp/, incomplete/, logs/.
// Its layout is shared with every other Git LFS client on the same repository.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "lfs/base/fd.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"
#include "lfs/base/sha256.h"
#include "lfs/git/repository.h"
#include "lfs/store/local_store.h"

namespace lazylfs::lfs {

// Objects of another store on this machine (the shared cache): looked at before the network, and
// told of what arrived. Implementations are thread-safe.
class ObjectExchange {
 public:
  ObjectExchange() = default;
  ObjectExchange(const ObjectExchange&) = delete;
  ObjectExchange& operator=(const ObjectExchange&) = delete;
  virtual ~ObjectExchange() = default;
  // The path of a complete, verified file, which may be linked or copied, never changed.
  virtual std::optional<std::string> find(const ObjectId& id) = 0;
  // `path` holds the object now, verified; take a reflink or a hard link of it if that is cheap.
  virtual void offer(const ObjectId& id, const std::string& path) = 0;
};

// Immutable after construction; thread-safe. Folders and files get core.sharedRepository's modes
// and are made when something is first written.
class ObjectStore {
 public:
  static ObjectStore of(const Repository& repository);

  const std::string& folder() const { return folder_; }  // the parent of objects/, absolute
  std::string object_path(const Oid& oid) const;         // where it is or would be
  std::string partial_path(const Oid& oid) const;        // incomplete/<oid>.part
  std::string temporary_folder() const { return folder_ + "/tmp"; }
  std::string log_folder() const { return folder_ + "/logs"; }
  const LocalStore& local() const { return local_; }

  // A file with exactly the right size: our own, then the alternates', in place. An object of size
  // 0 is never stored: /dev/null.
  std::optional<std::string> find(const ObjectId& id) const;

  // An empty file of ours in tmp/ (or incomplete/), open for writing.
  struct Temporary {
    std::string path;
    Fd fd;
  };
  Result<Temporary> make_temporary() const;

  // Moves `path`, which holds the object verified, to its place. It does not matter who comes
  // first.
  Result<void> move_in(const std::string& path, const ObjectId& id) const;
  // Takes the object from another place, which keeps its file: reflink, else hard link when
  // `may_link`, else a copy that is hashed on the way (Errc::corrupt).
  Result<void> take_in(const std::string& path, const ObjectId& id, bool may_link) const;

  // Removes what killed processes left in tmp/: files of objects that exist, and any older than an
  // hour. Never fails; for the end of commands that wrote.
  void remove_stale_temporaries() const;

 private:
  ObjectStore(std::string folder, LocalStore local, unsigned shared_mode);
  std::string folder_;
  LocalStore local_;
  unsigned shared_mode_ = 0;  // core.sharedRepository's bits, 0: the umask decides
};

// Hashes a stream into a temporary file; commit() moves it into the store. Destroyed without
// commit(), the file goes away. Thread-compatible. Memory: one buffer.
class ObjectWriter {
 public:
  static Result<ObjectWriter> create(const ObjectStore& store);
  ObjectWriter(ObjectWriter&&) noexcept;
  ObjectWriter& operator=(ObjectWriter&&) noexcept;
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;
  ~ObjectWriter();

  Result<void> write(std::span<const std::byte> data);
  // The identity of what was written; it is in the store now (an empty stream is not stored).
  Result<ObjectId> commit();

 private:
  ObjectWriter(const ObjectStore& store, ObjectStore::Temporary temporary);
  const ObjectStore* store_;
  ObjectStore::Temporary temporary_;
  Sha256 hash_;
  std::uint64_t bytes_ = 0;
};

// Gives `to` (which must not exist) the content of `from`: reflink, else copy. Returns the bytes.
Result<std::uint64_t> clone_file(const std::string& from, const std::string& to, unsigned mode);

}  // namespace lazylfs::lfs
