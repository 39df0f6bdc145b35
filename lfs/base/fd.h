// File descriptors that close themselves, and whole reads and writes on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "lfs/base/result.h"

namespace lazylfs {

// Owns a descriptor; move-only. Not thread-safe (the descriptor itself may be shared as usual).
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

// open(2) with O_CLOEXEC. The error names the path.
Result<Fd> open_file(const std::string& path, int flags, unsigned mode = 0666);

struct Pipe {
  Fd read_end, write_end;
};
Result<Pipe> make_pipe();  // both ends O_CLOEXEC

// Writes all of `data` (restarts after EINTR and short writes).
Result<void> write_all(int fd, std::span<const std::byte> data);
Result<void> write_all(int fd, std::string_view text);
Result<void> pwrite_all(int fd, std::span<const std::byte> data, std::uint64_t offset);

// Reads until `into` is full or the file ends; returns the bytes read.
Result<std::size_t> pread_full(int fd, std::span<std::byte> into, std::uint64_t offset);
Result<std::size_t> read_full(int fd, std::span<std::byte> into);

// Reads to the end; Errc::invalid when there are more than `bytes_max` bytes.
Result<std::string> read_to_end(int fd, std::size_t bytes_max);

std::span<const std::byte> as_bytes(std::string_view text);

}  // namespace lazylfs
