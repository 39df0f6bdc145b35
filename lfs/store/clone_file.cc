#include "lfs/store/clone_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "lfs/base/fd.h"

namespace lazylfs::lfs {
namespace {

// Below this a read and a write cost less than what copy_file_range sets up.
constexpr std::uint64_t kSmallBytes = 128U << 10U;
constexpr std::size_t kKernelCopyBytes = 64U << 20U;

Result<std::uint64_t> copy_through_buffer(int from, int to, std::uint64_t size_hint) {
  std::vector<std::byte> buffer(std::clamp<std::uint64_t>(size_hint + 1, 4096, 2 * kSmallBytes));
  std::uint64_t total = 0;
  while (true) {
    const std::size_t got = TRY(read_full(from, buffer));
    TRY(write_all(to, std::span<const std::byte>(buffer).first(got)));
    total += got;
    if (got < buffer.size()) return total;
  }
}

}  // namespace

// The kernel copies; the rest, when it cannot, goes through a buffer.
Result<std::uint64_t> copy_content(int from, int to, std::uint64_t size) {
  std::uint64_t total = 0;
  while (size > kSmallBytes) {
    const ssize_t got = ::copy_file_range(from, nullptr, to, nullptr, kKernelCopyBytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == ENOSPC || errno == EIO || errno == EDQUOT)) {
      return Error::from_errno("copy", errno);
    }
    if (got < 0) break;
    if (got == 0) return total;
    total += static_cast<std::uint64_t>(got);
  }
  return total + TRY(copy_through_buffer(from, to, size));
}

bool reflink(int from, int to) { return ::ioctl(to, FICLONE, from) == 0; }

Result<std::uint64_t> clone_file(const std::string& from, const std::string& to, unsigned mode) {
  const Fd source = TRY(open_file(from, O_RDONLY));
  struct stat status {};
  if (::fstat(source.get(), &status) != 0) return Error::from_errno("read " + from, errno);
  const Fd target = TRY(open_file(to, O_WRONLY | O_CREAT | O_EXCL, mode));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > 0 && reflink(source.get(), target.get())) return size;
  Result<std::uint64_t> copied = copy_content(source.get(), target.get(), size);
  if (!copied) {
    ::unlink(to.c_str());
    return copied.error().with_context("copy " + from + " to " + to);
  }
  return copied;
}

}  // namespace lazylfs::lfs
