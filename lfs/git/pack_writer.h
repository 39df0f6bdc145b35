// Writes new objects into one pack that appears, complete and with its index, when it is finished.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lfs/git/raw_objects.h"

namespace lazylfs::lfs {

// Thread-safe. Objects are compressed by the thread that adds them, at zlib's fastest level, and
// each distinct one is written once. Until finish() nothing refers to them, and no other program
// sees them; destroyed before, or killed, nothing stays but a file tmp_pack_* that `git gc`
// removes. Memory: about 40 bytes an object, and what add() is given.
class PackWriter {
 public:
  static Result<std::unique_ptr<PackWriter>> create(const Repository& repository);
  PackWriter(const PackWriter&) = delete;
  PackWriter& operator=(const PackWriter&) = delete;
  ~PackWriter();

  Result<GitOid> add(ObjectType type, std::string_view data);
  // A blob of `size` bytes that `fd` has from where it stands. Small ones as add(); others go to
  // the pack as they are read, one at a time. Errc::corrupt when the file ends early.
  Result<GitOid> add_file(int fd, std::uint64_t size);

  // Syncs the pack to disk and makes it visible; nothing happens when nothing was added. Nothing
  // may be added afterwards.
  Result<void> finish();
  std::size_t count() const;

 private:
  class Impl;
  explicit PackWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lazylfs::lfs
