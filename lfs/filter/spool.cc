#include "lfs/filter/spool.h"

#include <unistd.h>

#include <cerrno>

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kMemoryBytesMax = 1U << 20U;

}  // namespace

Result<void> Spool::write(std::span<const std::byte> data) {
  size_ += data.size();
  if (!file_ && size_ <= kMemoryBytesMax) {
    memory_.insert(memory_.end(), data.begin(), data.end());
    return {};
  }
  if (!file_) {
    ObjectStore::Temporary temporary = TRY(store_.make_temporary());
    ::unlink(temporary.path.c_str());
    file_ = std::move(temporary.fd);
    TRY(write_all(file_.get(), memory_));
    memory_ = {};
  }
  return write_all(file_.get(), data);
}

Result<void> Spool::copy_to(ByteOutput& to) {
  if (!file_) return to.write(memory_);
  if (::lseek(file_.get(), 0, SEEK_SET) != 0) return Error::from_errno("seek", errno);
  FdInput input(file_.get());
  TRY(copy_stream(input, to));
  return {};
}

}  // namespace lazylfs::lfs
