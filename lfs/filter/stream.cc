#include "lfs/filter/stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "lfs/base/fd.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kCopyBytes = 256U << 10U;
constexpr std::size_t kSmallCopyBytes = 4U << 10U;
constexpr int kPipeBytes = 1 << 20;

}  // namespace

Result<std::size_t> FdInput::read(std::span<std::byte> into) {
  while (true) {
    const ssize_t got = ::read(fd_, into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return Error::from_errno("read", errno);
  }
}

Result<void> FdOutput::write(std::span<const std::byte> data) { return write_all(fd_, data); }

Result<std::size_t> PrefixedInput::read(std::span<std::byte> into) {
  if (head_.empty()) return tail_.read(into);
  const std::size_t count = std::min(into.size(), head_.size());
  std::memcpy(into.data(), head_.data(), count);
  head_.remove_prefix(count);
  return count;
}

Result<std::size_t> fill_from(ByteInput& input, std::span<std::byte> into) {
  std::size_t total = 0;
  while (total < into.size()) {
    const std::size_t got = TRY(input.read(into.subspan(total)));
    if (got == 0) break;
    total += got;
  }
  return total;
}

Result<std::uint64_t> copy_stream(ByteInput& from, ByteOutput& to) {
  std::vector<std::byte> buffer(kCopyBytes);
  std::uint64_t total = 0;
  while (true) {
    const std::size_t got = TRY(from.read(buffer));
    if (got == 0) return total;
    TRY(to.write(std::span<const std::byte>(buffer).first(got)));
    total += got;
  }
}

Result<std::uint64_t> copy_file_to(const std::string& path, ByteOutput& to) {
  const Fd file = TRY(open_file(path, O_RDONLY));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return Error::from_errno("read " + path, errno);
  // One byte more than the file has: then one read tells that this was all of it.
  const auto wanted = static_cast<std::size_t>(status.st_size) + 1;
  const std::size_t room = std::clamp(wanted, kSmallCopyBytes, kCopyBytes);
  const std::unique_ptr<std::byte[]> buffer(new std::byte[room]);  // NOLINT: not cleared first
  std::uint64_t total = 0;
  while (true) {
    const std::span<std::byte> into(buffer.get(), room);
    const std::size_t got = TRY_CONTEXT("read " + path, read_full(file.get(), into));
    if (got > 0) TRY(to.write(into.first(got)));
    total += got;
    if (got < room) return total;
  }
}

void widen_pipe(int fd) {
  // Refused for what is no pipe, and past the user's limit: then it stays as it is.
  const int size = ::fcntl(fd, F_GETPIPE_SZ);
  if (size > 0 && size < kPipeBytes) ::fcntl(fd, F_SETPIPE_SZ, kPipeBytes);
}

}  // namespace lazylfs::lfs
