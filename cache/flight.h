// The records of what an object waits for: fetches under way and reads that wait.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "cache/blocks.h"
#include "cache/source.h"

namespace lazylfs::cache {

class PartialObject;

// A fetch under way. Everything here is guarded by the object's lock, but for the run, which only
// the thread that delivers touches.
struct Flight {
  using Clock = std::chrono::steady_clock;

  ByteRange asked;
  Priority priority = Priority::demand;
  std::shared_ptr<Fetch> fetch;   // empty until the source has returned it, and after the end
  std::vector<BlockSpan> claims;  // blocks that it alone may write, each locked in the map
  std::uint64_t position = 0;     // where the stream is
  bool for_demand = false;        // started by a read
  bool whole = false;             // the server decided what to send
  bool cancelled = false;         // by us
  bool ended = false;
  Clock::time_point last_data;

  std::uint64_t run_start = 0, run_end = 0;  // bytes that came without a gap, the last of them last
  std::vector<std::byte> held_back;          // the run's last bytes: a block that is not whole yet

  void start_run(std::uint64_t offset) {
    run_start = run_end = offset;
    held_back.clear();
  }

  // The claim that has `block`, if any.
  const BlockSpan* claim_of(std::uint64_t block) const {
    for (const BlockSpan& claim : claims) {
      if (block >= claim.first && block < claim.last) return &claim;
    }
    return nullptr;
  }
  std::vector<BlockSpan> claimed_in(const BlockSpan& span) const {
    std::vector<BlockSpan> parts;
    for (const BlockSpan& claim : claims) {
      const BlockSpan part = claim.intersect(span);
      if (!part.empty()) parts.push_back(part);
    }
    return parts;
  }
  void give_up(const BlockSpan& span) {
    std::vector<BlockSpan> rest;
    for (const BlockSpan& claim : claims) {
      const BlockSpan before{claim.first, std::min(claim.last, span.first)};
      const BlockSpan after{std::max(claim.first, span.last), claim.last};
      if (claim.intersect(span).empty()) {
        rest.push_back(claim);
        continue;
      }
      if (!before.empty()) rest.push_back(before);
      if (!after.empty()) rest.push_back(after);
    }
    claims = std::move(rest);
  }
  std::uint64_t claimed_blocks() const {
    std::uint64_t count = 0;
    for (const BlockSpan& claim : claims) count += claim.count();
    return count;
  }
};

// A read that waits. Guarded by the object's lock, but for what never changes.
class Waiter final : public PendingRead, public std::enable_shared_from_this<Waiter> {
 public:
  Waiter(std::weak_ptr<PartialObject> object, const BlockSpan& span,
         std::function<void(Result<void>)> done)
      : span_(span), object_(std::move(object)), done_(std::move(done)) {}
  void cancel() override;

  const BlockSpan& span() const { return span_; }
  // Exactly one caller may: the one who took the waiter off the object's list.
  void answer(const Result<void>& result) {
    const auto done = std::move(done_);
    done(result);
  }

  std::chrono::steady_clock::time_point since;  // registered, or progress was seen
  std::uint64_t quarantines = 0;                // of the map when registered
  std::uint64_t missing = 0;                    // the first block that was missing last time

 private:
  const BlockSpan span_;
  const std::weak_ptr<PartialObject> object_;
  std::function<void(Result<void>)> done_;
};

// Delivers a fetch's bytes to its object, which it keeps alive.
class FlightSink final : public ByteSink {
 public:
  FlightSink(std::shared_ptr<PartialObject> object, std::shared_ptr<Flight> flight)
      : object_(std::move(object)), flight_(std::move(flight)) {}
  void begin(ByteRange range) override;
  Result<void> data(std::uint64_t offset, std::span<const std::byte> bytes) override;
  void done(Result<void> result) override;

 private:
  std::shared_ptr<PartialObject> object_;
  std::shared_ptr<Flight> flight_;
};

}  // namespace lazylfs::cache
