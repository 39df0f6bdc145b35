#include "lfs/base/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace lazylfs {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<Fd> open_file(const std::string& path, int flags, unsigned mode) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return Error::from_errno("open " + path, errno);
  return Fd(fd);
}

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error::from_errno("pipe", errno);
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<void> write_all(int fd, std::span<const std::byte> data) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Error::from_errno("write", errno);
    data = data.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> write_all(int fd, std::string_view text) { return write_all(fd, as_bytes(text)); }

Result<void> pwrite_all(int fd, std::span<const std::byte> data, std::uint64_t offset) {
  while (!data.empty()) {
    const ssize_t written = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Error::from_errno("write", errno);
    data = data.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<std::size_t> pread_full(int fd, std::span<std::byte> into, std::uint64_t offset) {
  std::size_t total = 0;
  while (total < into.size()) {
    const ssize_t got =
        ::pread(fd, into.data() + total, into.size() - total, static_cast<off_t>(offset + total));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::from_errno("read", errno);
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

Result<std::size_t> read_full(int fd, std::span<std::byte> into) {
  std::size_t total = 0;
  while (total < into.size()) {
    const ssize_t got = ::read(fd, into.data() + total, into.size() - total);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::from_errno("read", errno);
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

Result<std::string> read_to_end(int fd, std::size_t bytes_max) {
  std::string text;
  std::array<std::byte, 65536> buffer{};
  for (;;) {
    const std::size_t got = TRY(read_full(fd, buffer));
    text.append(reinterpret_cast<const char*>(buffer.data()), got);
    if (text.size() > bytes_max) return Error(Errc::invalid, "more input than expected");
    if (got < buffer.size()) return text;
  }
}

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace lazylfs
