// Bytes kept until all are there: in memory, and in a file without a name once they are many.
#pragma once

#include <cstdint>
#include <vector>

#include "lfs/base/fd.h"
#include "lfs/filter/stream.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

// Thread-compatible. `store` gives the folder for the file and must outlive it.
class Spool final : public ByteOutput {
 public:
  explicit Spool(const ObjectStore& store) : store_(store) {}
  Result<void> write(std::span<const std::byte> data) override;
  std::uint64_t size() const { return size_; }
  Result<void> copy_to(ByteOutput& to);

 private:
  const ObjectStore& store_;
  std::vector<std::byte> memory_;
  Fd file_;
  std::uint64_t size_ = 0;
};

}  // namespace lazylfs::lfs
