// An object that lies complete in the repository's own store: it is read in place, never copied.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "cache/cache.h"
#include "cache/core.h"
#include "lfs/base/guarded.h"

namespace lazylfs::cache {

// A large local file must be hashed once before it is believed. That happens in the background when
// it is first read; reads wait for it. A file that turns out to be wrong is ignored, and the object
// is read through the cache instead. Thread-safe.
class LocalObject final : public Object, public std::enable_shared_from_this<LocalObject> {
 public:
  // Opens the object without the local file. Called at most once.
  using Fallback = std::function<Result<std::shared_ptr<Object>>()>;

  // The object in `file`: complete at once when it is small or was hashed before. Empty when the
  // file is not the object.
  static std::shared_ptr<Object> open(std::shared_ptr<Core> core, const ObjectId& id, Fd file,
                                      Fallback fallback);
  LocalObject(std::shared_ptr<Core> core, const ObjectId& id, Fd file, Fallback fallback)
      : core_(std::move(core)), id_(id), file_(std::move(file)), fallback_(std::move(fallback)) {}

  const ObjectId& id() const override { return id_; }
  ObjectState state() const override;
  std::uint64_t cached_bytes() const override;
  Result<std::size_t> read_present(std::uint64_t offset, std::span<std::byte> into) override;
  std::shared_ptr<PendingRead> read_when_ready(ByteRange range,
                                               std::function<void(Result<void>)> done) override;
  void prefetch(ByteRange range, Priority priority) override;
  int complete_fd() const override;
  std::optional<Error> last_error() const override;

 private:
  struct Waiter;
  struct State {
    bool started = false;
    std::shared_ptr<Object> judged;  // what all calls go to once the file was hashed
    std::optional<Error> failure;    // neither the file nor the fallback can be had
    std::list<std::shared_ptr<Waiter>> waiters;
  };

  std::shared_ptr<Object> judged() const { return state_.lock()->judged; }
  void start();
  void judge();
  void cancel(const std::shared_ptr<Waiter>& waiter);

  const std::shared_ptr<Core> core_;
  const ObjectId id_;
  Fd file_;  // moved into `judged`
  const Fallback fallback_;
  Guarded<State> state_;
};

}  // namespace lazylfs::cache
