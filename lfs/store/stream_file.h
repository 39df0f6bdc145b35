// A long stream on its way into a file: written and hashed at the same time, each by a thread of
// its own, so that whoever brings the bytes only copies them once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "lfs/base/oid.h"
#include "lfs/base/result.h"
#include "lfs/base/sha256.h"

namespace lazylfs::lfs {

// Thread-compatible. Memory: 4 MiB, however long the stream. Destroyed before finish() or flush(),
// it drops what is not written yet; nothing waits for the disk then but one write.
class StreamFile {
 public:
  // Appends to the file behind `fd` (borrowed, open for reading and writing), which holds `size`
  // bytes. `hash` knows the first of them; those after them are read back and hashed.
  //
  // `likeness` (borrowed, or -1) is a file that the whole is probably equal to. While it is,
  // nothing is written but only compared; at the first difference all of it is written, as ever.
  StreamFile(int fd, std::uint64_t size, const Sha256& hash = Sha256(), int likeness = -1);
  StreamFile(StreamFile&&) noexcept;
  StreamFile& operator=(StreamFile&&) = delete;
  StreamFile(const StreamFile&) = delete;
  StreamFile& operator=(const StreamFile&) = delete;
  ~StreamFile();

  // Room for the next bytes, never empty. filled(n) takes over what was put at its front; it waits
  // while disk or hash are behind. After an error nothing more can be written.
  std::span<std::byte> space();
  Result<void> filled(std::size_t count);
  Result<void> write(std::span<const std::byte> data);

  // The end of the stream: waits until all bytes are in the file.
  Result<void> flush();
  // The end of the stream: waits until they are hashed, too. The file's digest.
  Result<Oid> finish();
  // After finish(): writes what was only compared.
  Result<void> write_compared();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lazylfs::lfs
