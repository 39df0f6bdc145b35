// What a read's missing blocks lead to: flights that are joined, blocks that another process has
// locked, and runs that are claimed and fetched. See partial_object.cc for how reads wait.
#include <algorithm>

#include "cache/partial_object.h"
#include "lfs/base/files.h"
#include "lfs/base/trace.h"

namespace lazylfs::cache {
namespace {

// A stream that is this far from an urgent read's blocks is not waited for.
constexpr std::uint64_t kJoinDistance = 8U << 20U;
constexpr auto kPollInterval = std::chrono::milliseconds(3);
constexpr auto kWatchInterval = std::chrono::milliseconds(50);

}  // namespace

void PartialObject::plan(State& state, const BlockSpan& span, Priority priority, Actions& actions) {
  const MapFile& map = store_->map();
  bool missing = false;
  for (std::uint64_t at = map.find(span, false); at < span.last;
       at = map.find({at, span.last}, false)) {
    missing = true;
    const BlockSpan rest{at, span.last};
    const auto joined = plan_join(state, rest, priority, actions);
    const std::uint64_t next = joined ? *joined : plan_new(state, rest, priority, actions);
    if (next == at) {  // another process has it
      actions.poll = true;
      if (priority != Priority::demand) return;
    }
    at = std::max(next, at + 1);
  }
  if (!missing) actions.hash = true;
}

// Joins the flight that has the first block of `span`; returns how far it has them. Nothing when
// there is none, or it is too far away and gave the blocks up.
std::optional<std::uint64_t> PartialObject::plan_join(State& state, const BlockSpan& span,
                                                      Priority priority, Actions& actions) {
  for (const auto& flight : state.flights) {
    const BlockSpan* claim = flight->claim_of(span.first);
    if (claim == nullptr) continue;
    const std::uint64_t end = std::min(claim->last, span.last);
    const bool far = span.first * kBlockBytes > flight->position + kJoinDistance;
    if (priority == Priority::demand && far && !flight->whole && !flight->cancelled) {
      flight->give_up({span.first, end});
      store_->map().unlock_blocks({span.first, end});
      return std::nullopt;
    }
    if (priority < flight->priority) {
      flight->priority = priority;
      if (flight->fetch) actions.raise.emplace_back(flight->fetch, priority);
    }
    return end;
  }
  return std::nullopt;
}

// Claims and plans fetches for the missing blocks at the front of `span`; returns how far.
std::uint64_t PartialObject::plan_new(State& state, const BlockSpan& span, Priority priority,
                                      Actions& actions) {
  MapFile& map = store_->map();
  BlockSpan run{span.first, map.find(span, true)};
  for (const auto& flight : state.flights) {
    for (const BlockSpan& claim : flight->claims) {
      if (claim.first >= run.first && claim.first < run.last) run.last = claim.first;
    }
  }
  const BlockSpan locked = map.try_lock_blocks(run);
  if (locked.empty()) return span.first;
  // Another process may have landed some between the look and the lock.
  for (std::uint64_t at = locked.first; at < locked.last;) {
    const BlockSpan part{at, map.find({at, locked.last}, true)};
    const std::uint64_t next = map.find({part.last, locked.last}, false);
    map.unlock_blocks({part.last, next});
    at = next;
    if (part.empty()) continue;
    auto flight = std::make_shared<Flight>();
    flight->asked = bytes_of(part, store_->size());
    flight->run_start = flight->run_end = flight->position = flight->asked.offset;
    flight->priority = priority;
    flight->for_demand = priority == Priority::demand;
    flight->claims = {part};
    flight->last_data = Clock::now();
    state.flights.push_back(flight);
    actions.start.push_back(flight);
  }
  return locked.last;
}

void PartialObject::plan_waiters(State& state, Actions& actions) {
  if (state.source == nullptr) return;
  for (const auto& waiter : state.waiters) {
    plan(state, waiter->span(), Priority::demand, actions);
  }
}

void PartialObject::perform(const Actions& actions) {
  for (const auto& [fetch, priority] : actions.raise) fetch->raise(priority);
  for (const auto& flight : actions.start) start(flight);
  if (actions.hash) hash_soon();
  bool poll_soon = false;
  bool watch_on = false;
  {
    auto state = state_.lock();
    poll_soon = actions.poll && !std::exchange(state->polling, true);
    watch_on = !state->waiters.empty() && !std::exchange(state->watching, true);
  }
  const auto self = weak_from_this();
  if (poll_soon) {
    core_->timer().post_after(kPollInterval, [self] {
      if (const auto object = self.lock()) object->poll();
    });
  }
  if (watch_on) {
    core_->timer().post_after(kWatchInterval, [self] {
      if (const auto object = self.lock()) object->watch();
    });
  }
}

void PartialObject::start(const std::shared_ptr<Flight>& flight) {
  auto sink = std::make_shared<FlightSink>(shared_from_this(), flight);
  Priority asked{};
  Source* source = nullptr;
  {
    auto state = state_.lock();
    asked = flight->priority;
    source = state->source;
    if (source != nullptr) state->starting.push_back(std::this_thread::get_id());
  }
  if (source == nullptr) return sink->done(Error(Errc::cancelled, "the object was closed"));
  std::shared_ptr<Fetch> fetch = source->start(id(), flight->asked, asked, std::move(sink));
  std::vector<std::shared_ptr<Fetch>> ended;
  bool cancel = false;
  bool raise = false;
  {
    auto state = state_.lock();
    std::swap(ended, state->ended);
    raise = flight->priority < asked;
    cancel = flight->cancelled;
    if (!flight->ended && !cancel) flight->fetch = fetch;
  }
  ended.clear();
  if (cancel) {
    fetch->cancel();
  } else if (raise) {
    fetch->raise(Priority::demand);
  }
  fetch.reset();  // before the source may go
  {
    auto state = state_.lock();
    const auto self =
        std::find(state->starting.begin(), state->starting.end(), std::this_thread::get_id());
    state->starting.erase(self);
  }
  started_.notify_all();
}

}  // namespace lazylfs::cache
