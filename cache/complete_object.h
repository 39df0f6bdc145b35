// An object whose whole, verified content is in one file.
#pragma once

#include <utility>

#include "cache/cache.h"

namespace lazylfs::cache {

// Immutable.
class CompleteObject final : public Object {
 public:
  CompleteObject(const ObjectId& id, Fd file, Metrics& metrics)
      : id_(id), file_(std::move(file)), metrics_(metrics) {}

  const ObjectId& id() const override { return id_; }
  ObjectState state() const override { return ObjectState::complete; }
  std::uint64_t cached_bytes() const override { return id_.size; }
  Result<std::size_t> read_present(std::uint64_t offset, std::span<std::byte> into) override;
  std::shared_ptr<PendingRead> read_when_ready(ByteRange range,
                                               std::function<void(Result<void>)> done) override;
  void prefetch(ByteRange, Priority) override {}
  int complete_fd() const override { return file_.get(); }
  std::optional<Error> last_error() const override { return std::nullopt; }

 private:
  const ObjectId id_;
  const Fd file_;
  Metrics& metrics_;
};

// A read that was answered already.
class AnsweredRead final : public PendingRead {
 public:
  void cancel() override {}
};

}  // namespace lazylfs::cache
