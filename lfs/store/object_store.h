// The repository's own LFS folder, read and written: objects/aa/bb/<oid>, tmp/, incomplete/, logs/.
// Its layout is shared with every other Git LFS client on the same repository.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "lfs/base/fd.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"
#include "lfs/git/config.h"
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
  static ObjectStore of(const StorePlace& place);

  const std::string& folder() const { return folder_; }  // the parent of objects/, absolute
  std::string object_path(const Oid& oid) const;         // where it is or would be
  std::string partial_path(const Oid& oid) const;        // incomplete/<oid>.part
  std::string temporary_folder() const { return folder_ + "/tmp"; }
  std::string log_folder() const { return folder_ + "/logs"; }
  const LocalStore& local() const { return local_; }

  // A file with exactly the right size: our own, then the alternates', in place. An object of size
  // 0 is never stored: /dev/null.
  std::optional<std::string> find(const ObjectId& id) const;

  // An empty file of ours in tmp/, open for reading and writing.
  struct Temporary {
    std::string path;
    Fd fd;
  };
  Result<Temporary> make_temporary() const;

  // Moves `path`, which holds the object verified, to its place. It does not matter who comes
  // first. A file of another size that lies there is replaced.
  Result<void> move_in(const std::string& path, const ObjectId& id) const;
  // Stores a small object whose content is `data`, verified, without a way through tmp/: ext4 makes
  // files several times faster when they are spread over many folders.
  Result<void> put(std::span<const std::byte> data, const ObjectId& id) const;
  // Takes the object from another place, which keeps its file: reflink, else hard link when
  // `may_link` (the file is read-only from then on), else a copy that is hashed on the way
  // (Errc::corrupt).
  Result<void> take_in(const std::string& path, const ObjectId& id, bool may_link) const;

  // mkdir -p for folders of the store, with the modes of shared repositories.
  Result<void> make_store_folders(const std::string& path) const;

  // Removes what killed processes left in tmp/: files of objects that exist, and any older than an
  // hour. Never fails; for the end of commands that wrote.
  void remove_stale_temporaries() const;

 private:
  // What core.sharedRepository asks for: bits to add to what the umask leaves, or the exact bits.
  struct SharedMode {
    unsigned bits = 0;  // 0: the umask decides
    bool exact = false;
  };
  ObjectStore(std::string folder, LocalStore local, SharedMode shared);
  static SharedMode shared_mode_of(const Config& config);
  void share_file(int fd) const;
  std::string folder_;
  LocalStore local_;
  SharedMode shared_;
};

// What commit() does when a file of another size lies in the object's place.
enum class OnClash { replace, refuse };

// Hashes a stream into the store. A stream that fits the buffer touches the disk only when the
// store lacks the object; a longer one goes to a temporary file that commit() moves. Destroyed
// without commit(), nothing stays. Thread-compatible. Memory: 4 MiB at most (StreamFile), however
// long the stream.
class ObjectWriter {
 public:
  // `store` must outlive it.
  static Result<ObjectWriter> create(const ObjectStore& store);
  ObjectWriter(ObjectWriter&&) noexcept;
  ObjectWriter& operator=(ObjectWriter&&) noexcept;
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;
  ~ObjectWriter();

  Result<void> write(std::span<const std::byte> data);
  // Room for the next bytes, never empty; filled(n) takes over what was put at its front.
  std::span<std::byte> space();
  Result<void> filled(std::size_t count);

  // Asked once, when a stream turns out to be long: the object that it probably is. If the store
  // has that, and the stream equals it, no second copy is written.
  using Guess = std::function<std::optional<ObjectId>()>;
  void guess_by(Guess guess);

  // The identity of what was written; it is in the store now (an empty stream is not stored).
  // Errc::exists, in upstream's words, for a clash that is refused.
  Result<ObjectId> commit(OnClash on_clash = OnClash::replace);

 private:
  class Impl;
  explicit ObjectWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lazylfs::lfs
