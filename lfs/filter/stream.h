// Where the filters' bytes come from and go to: descriptors, pkt-lines, strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lfs/base/result.h"

namespace lazylfs::lfs {

// Thread-compatible.
class ByteInput {
 public:
  ByteInput() = default;
  ByteInput(const ByteInput&) = delete;
  ByteInput& operator=(const ByteInput&) = delete;
  virtual ~ByteInput() = default;
  // Puts at least one byte at the front of `into` (not empty); 0: the end.
  virtual Result<std::size_t> read(std::span<std::byte> into) = 0;
};

// Thread-compatible.
class ByteOutput {
 public:
  ByteOutput() = default;
  ByteOutput(const ByteOutput&) = delete;
  ByteOutput& operator=(const ByteOutput&) = delete;
  virtual ~ByteOutput() = default;
  virtual Result<void> write(std::span<const std::byte> data) = 0;
};

class FdInput final : public ByteInput {
 public:
  explicit FdInput(int fd) : fd_(fd) {}
  Result<std::size_t> read(std::span<std::byte> into) override;

 private:
  int fd_;
};

class FdOutput final : public ByteOutput {
 public:
  explicit FdOutput(int fd) : fd_(fd) {}
  Result<void> write(std::span<const std::byte> data) override;

 private:
  int fd_;
};

// `head`, then the rest of `tail`.
class PrefixedInput final : public ByteInput {
 public:
  PrefixedInput(std::string_view head, ByteInput& tail) : head_(head), tail_(tail) {}
  Result<std::size_t> read(std::span<std::byte> into) override;

 private:
  std::string_view head_;
  ByteInput& tail_;
};

// Reads until `into` is full or the stream ends; returns the bytes read.
Result<std::size_t> fill_from(ByteInput& input, std::span<std::byte> into);

// Copies all of `from`; returns the bytes.
Result<std::uint64_t> copy_stream(ByteInput& from, ByteOutput& to);

// The content of the file `path`.
Result<std::uint64_t> copy_file_to(const std::string& path, ByteOutput& to);

// Lets `fd`, when it is a pipe, hold more, so that both ends run on instead of taking turns.
void widen_pipe(int fd);

}  // namespace lazylfs::lfs
