// GIT_LFS_PROGRESS: a file that other programs read to show what the filters do.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lfs/base/fd.h"
#include "lfs/base/result.h"
#include "lfs/filter/stream.h"

namespace lazylfs::lfs {

// Appends "<event> 1/1 <done>/<total> <name>" at most every 200 ms, and the last state. Passes on
// what is read or written. Thread-compatible.
class ProgressFile {
 public:
  // Does nothing when the variable is unset, or `name` is empty. Errc::invalid, in upstream's
  // words, for a relative path.
  static Result<ProgressFile> open(std::string_view event, std::string name,
                                   std::optional<std::uint64_t> total);
  void add(std::uint64_t bytes);
  void finish();

 private:
  ProgressFile() = default;
  void print();

  Fd file_;
  std::string event_, name_, total_;
  std::uint64_t done_ = 0, printed_ = 0;
  std::chrono::steady_clock::time_point last_;
};

class CountedInput final : public ByteInput {
 public:
  CountedInput(ByteInput& input, ProgressFile& progress) : input_(input), progress_(progress) {}
  Result<std::size_t> read(std::span<std::byte> into) override;

 private:
  ByteInput& input_;
  ProgressFile& progress_;
};

class CountedOutput final : public ByteOutput {
 public:
  CountedOutput(ByteOutput& output, ProgressFile& progress)
      : output_(output), progress_(progress) {}
  Result<void> write(std::span<const std::byte> data) override;
  std::uint64_t bytes() const { return bytes_; }

 private:
  ByteOutput& output_;
  ProgressFile& progress_;
  std::uint64_t bytes_ = 0;
};

}  // namespace lazylfs::lfs
