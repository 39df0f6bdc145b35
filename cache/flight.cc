// How bytes arrive: the fetching side of PartialObject.
//
// A flight writes only blocks that it has claimed, so no block has two writers. What else arrives
// (a server that sends everything, a stream whose further blocks were given to an urgent read) is
// dropped. A block is written and shown when its last byte is here: whole aligned blocks leave the
// page cache in large folios, which later reads pass through a third faster than the small ones of
// unaligned writes. Data that is delivered twice is written once, because the run of contiguous
// bytes remembers how far it came.
#include "cache/flight.h"

#include "cache/partial_object.h"
#include "lfs/base/trace.h"

namespace lazylfs::cache {
namespace {

// Bounds how far a stream moves between two looks at its claims; see kJoinDistance.
constexpr std::uint64_t kSliceBytes = 1U << 20U;
constexpr std::uint64_t kInlineHashBlocks = 4;
constexpr std::uint64_t kCheckpointBytes = 256U << 20U;
constexpr int kFullDiskTries = 5;
constexpr auto kHashRetry = std::chrono::milliseconds(3);

}  // namespace

void Waiter::cancel() {
  if (const auto object = object_.lock()) object->cancel(shared_from_this());
}

void FlightSink::begin(ByteRange range) { object_->on_begin(*flight_, range); }

Result<void> FlightSink::data(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min<std::size_t>(bytes.size(), kSliceBytes);
    TRY(object_->on_data(*flight_, offset, bytes.first(count)));
    offset += count;
    bytes = bytes.subspan(count);
  }
  return {};
}

void FlightSink::done(Result<void> result) {
  const std::shared_ptr<PartialObject> object = std::move(object_);
  object->on_done(flight_, std::move(result));
}

void PartialObject::on_begin(Flight& flight, const ByteRange& range) {
  flight.start_run(range.offset);
  auto state = state_.lock();
  flight.position = range.offset;
  if (flight.asked.contains(range) || flight.cancelled) return;
  flight.whole = true;
  MapFile& map = store_->map();
  const BlockSpan all = blocks_inside(range, store_->size());
  for (std::uint64_t block = all.first; block < all.last;) {
    block = map.find({block, all.last}, false);
    BlockSpan free{block, map.find({block, all.last}, true)};
    for (const auto& other : state->flights) {
      for (const BlockSpan& claim : other->claims) {
        if (claim.last <= free.first || claim.first >= free.last) continue;
        if (claim.first <= free.first) {
          free.first = std::min(free.last, claim.last);
        } else {
          free.last = claim.first;
        }
      }
    }
    if (free.empty()) {
      block = std::max(free.first, block + 1);
      continue;
    }
    const BlockSpan locked = map.try_lock_blocks(free);
    // Landed by somebody between the look and the lock: not ours to write.
    const std::uint64_t clear_end = map.find(locked, true);
    map.unlock_blocks({clear_end, locked.last});
    const BlockSpan claim{locked.first, clear_end};
    if (!claim.empty()) flight.claims.push_back(claim);
    block = std::max(locked.last, free.first + 1);
  }
}

Result<void> PartialObject::on_data(Flight& flight, std::uint64_t offset,
                                    std::span<const std::byte> bytes) {
  const std::uint64_t end = offset + bytes.size();
  const bool continues = offset >= flight.run_start && offset <= flight.run_end;
  if (!continues) flight.start_run(offset);
  if (end <= flight.run_end) return {};
  const std::size_t known = flight.run_end - offset;
  const ByteRange fresh{flight.run_end, bytes.size() - known};
  std::vector<BlockSpan> claimed;
  {
    auto state = state_.lock();
    if (flight.cancelled) return Error(Errc::cancelled, "nobody waits for it any more");
    flight.position = std::max(flight.position, end);
    flight.last_data = Clock::now();
    claimed = flight.claimed_in(blocks_touching(fresh, store_->size()));
  }
  core_->metrics().add(Counter::cache_bytes_fetched, fresh.length);
  TRY(write_whole_blocks(flight, claimed, bytes.subspan(known)));
  flight.run_end = end;
  const BlockSpan whole =
      blocks_inside({flight.run_start, flight.run_end - flight.run_start}, store_->size());
  std::vector<BlockSpan> landed;
  for (const BlockSpan& part : claimed) {
    const BlockSpan complete = part.intersect(whole);
    if (!complete.empty()) landed.push_back(complete);
  }
  if (landed.empty()) return {};
  const Result<void> shown = show(flight, landed);
  after_landing();
  return shown;
}

// `bytes` follow the run. What completes no block is held back; what comes before the run's first
// whole block belongs to nobody.
Result<void> PartialObject::write_whole_blocks(Flight& flight,
                                               const std::vector<BlockSpan>& claimed,
                                               std::span<const std::byte> bytes) {
  std::uint64_t at = flight.run_end;
  const auto take = [&](std::uint64_t count) {
    const auto taken = bytes.first(std::min<std::uint64_t>(count, bytes.size()));
    bytes = bytes.subspan(taken.size());
    at += taken.size();
    return taken;
  };
  if (!flight.held_back.empty()) {
    const std::uint64_t start = at - flight.held_back.size();
    const std::uint64_t block_end = std::min(start + kBlockBytes, store_->size());
    const auto rest = take(block_end - at);
    flight.held_back.insert(flight.held_back.end(), rest.begin(), rest.end());
    if (at < block_end) return {};
    TRY(write_claimed(claimed, start, flight.held_back));
    flight.held_back.clear();
  }
  const std::uint64_t first = block_count(flight.run_start) * kBlockBytes;
  if (at < first) take(first - at);
  const std::uint64_t end = at + bytes.size();
  const std::uint64_t last = end == store_->size() ? end : end - end % kBlockBytes;
  if (at < last) {
    const std::uint64_t from = at;
    TRY(write_claimed(claimed, from, take(last - at)));
  }
  flight.held_back.assign(bytes.begin(), bytes.end());
  return {};
}

Result<void> PartialObject::write_claimed(const std::vector<BlockSpan>& claimed,
                                          std::uint64_t offset, std::span<const std::byte> bytes) {
  for (const BlockSpan& span : claimed) {
    const ByteRange part = bytes_of(span, store_->size()).intersect({offset, bytes.size()});
    if (part.empty()) continue;
    const auto data = bytes.subspan(part.offset - offset, part.length);
    TRY(core_->admit(part.length));
    // Others may take what was freed, hence more than one try.
    Result<void> written = store_->write(part.offset, data);
    for (int i = 0; i < kFullDiskTries && !written; ++i) {
      if (written.error().code() != Errc::no_space || !core_->relieve(part.length)) break;
      written = store_->write(part.offset, data);
    }
    TRY(std::move(written));
  }
  return {};
}

Result<void> PartialObject::show(Flight& flight, const std::vector<BlockSpan>& landed) {
  MapFile& map = store_->map();
  if (map.is(MapFlag::quarantined)) map.clear_flag(MapFlag::quarantined);
  Result<void> result;
  for (const BlockSpan& span : landed) {
    touch(span);
    const std::uint64_t hashed = map.frontier();
    result = store_->publish(span);
    if (span.first < hashed) {
      core_->metrics().add(result ? Counter::verified_blocks : Counter::verify_failures);
    }
    if (!result) break;
    uncheckpointed_ += span.count() * kBlockBytes;
    auto state = state_.lock();
    flight.give_up(span);
    map.unlock_blocks(span);
  }
  changed_ = true;
  return result;
}

void PartialObject::after_landing() {
  MapFile& map = store_->map();
  core_->used(id(), ObjectState::partial, cached_bytes());
  if (map.is(MapFlag::trusted)) {
    if (map.full()) on_trusted();
  } else if (map.blocks() <= kInlineHashBlocks) {
    if (map.full()) return continue_hash(kHashBudgetBlocks);
  } else if (map.has(map.frontier())) {
    hash_soon();
  }
  settle();
  if (uncheckpointed_ > kCheckpointBytes) {
    uncheckpointed_ = 0;
    core_->checkpoint(shared_from_this());
  }
}

void PartialObject::on_done(const std::shared_ptr<Flight>& flight, Result<void> result) {
  Answers answers;
  Actions actions;
  {
    auto state = state_.lock();
    flight->ended = true;
    if (flight->fetch) state->ended.push_back(std::move(flight->fetch));
    state->flights.remove(flight);
    for (const BlockSpan& claim : flight->claims) store_->map().unlock_blocks(claim);
    if (result && !flight->claims.empty()) {
      result = Error(Errc::transient, "the server sent less than it promised");
    }
    if (!result && !flight->cancelled) {
      state->last_error = result.error();
      auto& waiters = state->waiters;
      for (auto at = waiters.begin(); at != waiters.end();) {
        const bool hit = !flight->claimed_in((*at)->span()).empty();
        if (hit) answers.emplace_back(*at, result);
        at = hit ? waiters.erase(at) : std::next(at);
      }
    }
    flight->claims.clear();
    plan_waiters(*state, actions);
  }
  answer(answers);
  perform(actions);
  settle();
}

void PartialObject::hash_soon() {
  if (hash_queued_.exchange(true)) return;
  core_->hasher().post([self = shared_from_this()] {
    self->hash_queued_ = false;
    self->continue_hash(kHashBudgetBlocks);
  });
}

void PartialObject::continue_hash(std::uint64_t blocks_max) {
  Result<HashStep> step = store_->advance_hash(blocks_max);
  for (int i = 0; i < kFullDiskTries && !step; ++i) {  // the ledger needs a little space
    if (step.error().code() != Errc::no_space || !core_->relieve(kBlockBytes)) break;
    step = store_->advance_hash(blocks_max);
  }
  if (!step) {
    log_line(LogLevel::error, "hashing " + id().oid.hex() + ": " + step.error().message());
    Answers answers;
    {
      auto state = state_.lock();
      state->last_error = step.error();
      for (const auto& waiter : state->waiters) answers.emplace_back(waiter, step.error());
      state->waiters.clear();
    }
    return answer(answers);
  }
  switch (*step) {
    case HashStep::trusted:
      on_trusted();
      break;
    case HashStep::corrupt:
      on_corrupt();
      break;
    case HashStep::more:
      hash_soon();
      break;
    case HashStep::busy:
      if (hash_queued_.exchange(true)) break;
      core_->timer().post_after(kHashRetry, [self = shared_from_this()] {
        self->hash_queued_ = false;
        self->hash_soon();
      });
      break;
    case HashStep::waiting:
      break;
  }
  settle();
}

void PartialObject::on_trusted() {
  if (!store_->try_complete()) return;
  if (complete_fd_ >= 0 || !adopt_complete()) return;
  core_->metrics().add(Counter::verified_objects);
  core_->finish(shared_from_this());
}

void PartialObject::on_corrupt() {
  core_->metrics().add(Counter::verify_failures);
  log_line(LogLevel::error, "the content of " + id().oid.hex() + " does not match its oid");
  state_.lock()->last_error = Error(Errc::corrupt, "the content does not match its oid");
  core_->used(id(), ObjectState::quarantined, 0);
}

}  // namespace lazylfs::cache
