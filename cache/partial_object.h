// An object that is not complete: its blocks are fetched as they are asked for.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "cache/block_store.h"
#include "cache/cache.h"
#include "cache/core.h"
#include "cache/flight.h"

namespace lazylfs::cache {

// Thread-safe. Held by its handles, by its flights' sinks and by tasks of Core.
class PartialObject final : public Object, public std::enable_shared_from_this<PartialObject> {
 public:
  static Result<std::shared_ptr<PartialObject>> open(std::shared_ptr<Core> core,
                                                     const ObjectId& id);
  PartialObject(std::shared_ptr<Core> core, std::unique_ptr<BlockStore> store);
  ~PartialObject() override;

  // What users hold. The last one that goes cancels what is under way.
  std::shared_ptr<Object> make_handle(Source& source);
  // As when the last handle goes.
  void shut_down();

  const ObjectId& id() const override { return store_->map().id(); }
  ObjectState state() const override;
  std::uint64_t cached_bytes() const override;
  Result<std::size_t> read_present(std::uint64_t offset, std::span<std::byte> into) override;
  std::shared_ptr<PendingRead> read_when_ready(ByteRange range,
                                               std::function<void(Result<void>)> done) override;
  void prefetch(ByteRange range, Priority priority) override;
  int complete_fd() const override;
  std::optional<Error> last_error() const override;
  void mark_used() override;
  std::uint64_t mismatches() const override { return store_->map().quarantines(); }

  BlockStore& store() { return *store_; }
  // Gives back about `wanted` bytes of the blocks that were not used for longest.
  std::uint64_t punch_cold(std::uint64_t wanted);
  void continue_hash(std::uint64_t blocks_max);

 private:
  struct Handle;
  friend class FlightSink;
  friend class Waiter;
  using Clock = std::chrono::steady_clock;

  // What planning under the lock leaves to be done after it.
  struct Actions {
    std::vector<std::shared_ptr<Flight>> start;
    std::vector<std::pair<std::shared_ptr<Fetch>, Priority>> raise;
    bool poll = false;  // another process fetches some of it
    bool hash = false;  // all is here, but withheld
  };
  struct State {
    Source* source = nullptr;
    std::size_t handles = 0;
    std::vector<std::thread::id> starting;  // threads in Source::start()
    std::list<std::shared_ptr<Flight>> flights;
    std::list<std::shared_ptr<Waiter>> waiters;
    std::vector<std::shared_ptr<Fetch>> ended;  // to be destroyed off their own thread
    std::optional<Error> last_error;
    bool polling = false, watching = false, deadline_armed = false;
  };
  using Answers = std::vector<std::pair<std::shared_ptr<Waiter>, Result<void>>>;

  void plan(State& state, const BlockSpan& span, Priority priority, Actions& actions);
  std::uint64_t plan_new(State& state, const BlockSpan& span, Priority priority, Actions& actions);
  std::optional<std::uint64_t> plan_join(State& state, const BlockSpan& span, Priority priority,
                                         Actions& actions);
  void plan_waiters(State& state, Actions& actions);
  void perform(const Actions& actions);
  void start(const std::shared_ptr<Flight>& flight);
  void answer(const Answers& answers);
  // Answers every waiter that can be answered now.
  void settle();
  void poll();
  void watch();
  void arm_deadline();
  void check_deadlines();
  void cancel(const std::shared_ptr<Waiter>& waiter);
  void drop_handle();

  void on_begin(Flight& flight, const ByteRange& range);
  Result<void> on_data(Flight& flight, std::uint64_t offset, std::span<const std::byte> bytes);
  void on_done(const std::shared_ptr<Flight>& flight, Result<void> result);
  Result<void> write_whole_blocks(Flight& flight, const std::vector<BlockSpan>& claimed,
                                  std::span<const std::byte> bytes);
  Result<void> write_claimed(const std::vector<BlockSpan>& claimed, std::uint64_t offset,
                             std::span<const std::byte> bytes);
  Result<void> show(Flight& flight, const std::vector<BlockSpan>& landed);
  void after_landing();
  static constexpr std::uint64_t kHashBudgetBlocks = 256;  // at a time
  void hash_soon();
  void hash_what_is_here();
  void on_trusted();
  void on_corrupt();
  bool adopt_complete() const;
  void touch(const BlockSpan& span);

  const std::shared_ptr<Core> core_;
  const std::unique_ptr<BlockStore> store_;
  Guarded<State> state_;
  std::condition_variable started_;  // one less is starting
  std::atomic<bool> hash_queued_{false};
  std::atomic<bool> changed_{false};  // since the last checkpoint
  std::atomic<std::uint64_t> uncheckpointed_{0};
  // The store once more, through a descriptor of its own, made when first needed; see punch_cold().
  std::mutex punch_mutex_;
  std::unique_ptr<BlockStore> puncher_;
  mutable std::mutex complete_mutex_;
  mutable Fd complete_;
  mutable std::atomic<int> complete_fd_{-1};
  // When each group of blocks was used last, as a count of uses.
  std::vector<std::atomic<std::uint32_t>> uses_;
  std::atomic<std::uint32_t> clock_{0};
};

}  // namespace lazylfs::cache
