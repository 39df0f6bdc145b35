// A sink that keeps what it is given and checks the contract of ByteSink.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lfs/base/fetch.h"

namespace lazylfs::lfs {

// Bytes that differ from place to place, the same in every run.
std::vector<std::byte> content_of_size(std::uint64_t size);

// Thread-safe, but for what wait() returns to.
class RecordingSink final : public ByteSink {
 public:
  // `content` is what the object should be, and must outlive the sink.
  explicit RecordingSink(const std::vector<std::byte>& content) : content_(content) {}
  void begin(ByteRange range) override;
  Result<void> data(std::uint64_t offset, std::span<const std::byte> bytes) override;
  void done(Result<void> result) override;

  // Blocks until done(): "ok", or the error's name; "never ended" after half a minute.
  std::string outcome();
  std::string message();
  bool has(ByteRange range);
  std::optional<ByteRange> began();
  // Blocks until the first bytes have come.
  void wait_for_data();
  // The rules of the contract that were broken.
  std::vector<std::string> broken();

 private:
  const std::vector<std::byte>& content_;
  std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  std::vector<bool> got_ = std::vector<bool>(content_.size());
  std::optional<Result<void>> result_;
  std::optional<ByteRange> began_;
  std::vector<std::string> broken_;
  std::uint64_t at_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace lazylfs::lfs
