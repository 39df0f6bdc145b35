// How reads wait: the reading side of PartialObject. flight.cc has the other side.
//
// A read whose blocks are all usable is answered at once. Else it is put on the list of waiters and
// the missing blocks are planned: those of a flight under way are joined (and the flight made
// urgent), those that another process has locked are polled for, the rest are claimed and fetched,
// one fetch a run. A read that would have to wait until a long stream has come to its blocks takes
// them away from the stream and fetches them itself.
//
// Answers are found, not sent: settle() looks at every waiter after anything changed (blocks
// landed, the hash came to an end, another process made progress), so no order of events loses one.
// A waiter is answered by whoever takes it off the list.
//
// Waiting for other processes is polling, every few milliseconds while there is such a waiter: it
// serves any number of objects with one thread, and notices a killed fetcher (whose locks are gone)
// in the same way as a finished one.
#include "cache/partial_object.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "lfs/base/files.h"
#include "lfs/base/trace.h"

namespace lazylfs::cache {
namespace {

constexpr std::uint64_t kSmallFetchBlocks = 2;
constexpr std::uint64_t kUseGroupBlocks = 16;

constexpr std::uint64_t kBookkeepingBytes = 64U << 10U;  // of most objects' maps

Error corrupt_error(const ObjectId& id) {
  return {Errc::corrupt, "the content of object " + id.oid.hex() + " does not match its oid"};
}

}  // namespace

Result<std::shared_ptr<PartialObject>> PartialObject::open(std::shared_ptr<Core> core,
                                                           const ObjectId& id) {
  const auto seed = [&] {
    MapSeed known;
    Result<Ledger> ledger = core->index().ledger(id.oid);
    Result<Checkpoint> checkpoint = core->index().checkpoint(id.oid);
    if (ledger) known.ledger = std::move(*ledger);
    if (checkpoint) {
      known.bitmap = std::move(checkpoint->bitmap);
      known.token = checkpoint->token;
    }
    return known;
  };
  Result<std::unique_ptr<MapFile>> map = MapFile::open(core->layout(), id, seed);
  const bool full = !map && map.error().code() == Errc::no_space;
  if (full && core->relieve(kBookkeepingBytes)) map = MapFile::open(core->layout(), id, seed);
  if (!map) return map.error();
  auto store = std::make_unique<BlockStore>(std::move(*map));
  return std::make_shared<PartialObject>(std::move(core), std::move(store));
}

PartialObject::PartialObject(std::shared_ptr<Core> core, std::unique_ptr<BlockStore> store)
    : core_(std::move(core)),
      store_(std::move(store)),
      uses_(store_->map().blocks() / kUseGroupBlocks + 1) {}

PartialObject::~PartialObject() {
  puncher_.reset();  // it shares the lock that is tried now
  // An object that was opened and never read leaves nothing behind.
  MapFile& map = store_->map();
  if (map.find({0, map.blocks()}, true) == map.blocks() && map.try_lock_alone()) {
    map.remove_files(core_->layout());
  }
}

struct PartialObject::Handle {
  explicit Handle(std::shared_ptr<PartialObject> owner) : object(std::move(owner)) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { object->drop_handle(); }
  const std::shared_ptr<PartialObject> object;
};

std::shared_ptr<Object> PartialObject::make_handle(Source& source) {
  {
    auto state = state_.lock();
    if (state->handles++ == 0) state->source = &source;
  }
  const std::shared_ptr<PartialObject> self = shared_from_this();
  const auto handle = std::make_shared<Handle>(self);
  // Work that an earlier process left.
  if (store_->map().is(MapFlag::trusted)) {
    on_trusted();
  } else if (store_->map().has(store_->map().frontier())) {
    hash_soon();
  }
  return {handle, this};
}

void PartialObject::drop_handle() {
  if (--state_.lock()->handles == 0) shut_down();
}

void PartialObject::shut_down() {
  Answers answers;
  std::vector<std::shared_ptr<Fetch>> fetches;
  {
    auto state = state_.lock();
    if (state->handles > 0) state->handles = 0;
    state->source = nullptr;
    for (const auto& flight : state->flights) {
      flight->cancelled = true;
      if (flight->fetch) fetches.push_back(std::move(flight->fetch));
    }
    std::move(state->ended.begin(), state->ended.end(), std::back_inserter(fetches));
    state->ended.clear();
    const Error closed(Errc::cancelled, "the object was closed");
    for (const auto& waiter : state->waiters) answers.emplace_back(waiter, closed);
    state->waiters.clear();
  }
  fetches.clear();
  answer(answers);
  {
    // The source may go when this returns. A callback inside of start() cannot wait for itself.
    auto state = state_.lock();
    started_.wait(state.mutex_lock(), [&] {
      return std::all_of(state->starting.begin(), state->starting.end(),
                         [](std::thread::id id) { return id == std::this_thread::get_id(); });
    });
  }
  if (changed_) core_->checkpoint(shared_from_this());
}

ObjectState PartialObject::state() const {
  const MapFile& map = store_->map();
  if (map.is(MapFlag::quarantined)) return ObjectState::quarantined;
  if (complete_fd() >= 0) return ObjectState::complete;
  return map.find({0, map.blocks()}, true) < map.blocks() ? ObjectState::partial
                                                          : ObjectState::remote;
}

std::uint64_t PartialObject::cached_bytes() const {
  const MapFile& map = store_->map();
  const std::uint64_t bytes = map.present_count() * kBlockBytes;
  const std::uint64_t last = map.blocks() - 1;
  return map.has(last) ? bytes - (map.blocks() * kBlockBytes - store_->size()) : bytes;
}

Result<std::size_t> PartialObject::read_present(std::uint64_t offset, std::span<std::byte> into) {
  touch(blocks_touching({offset, into.size()}, store_->size()));
  return store_->read(offset, into);
}

int PartialObject::complete_fd() const {
  const int fd = complete_fd_;
  if (fd >= 0) return fd;
  const MapFile& map = store_->map();
  if (map.is(MapFlag::complete) && map.full()) (void)adopt_complete();
  return complete_fd_;
}

// The descriptor is a new one, read-only: the data file's own could be written to. True when it was
// made now.
bool PartialObject::adopt_complete() const {
  const std::lock_guard lock(complete_mutex_);
  if (complete_) return false;
  const std::string path = "/proc/self/fd/" + std::to_string(store_->map().data_fd());
  Result<Fd> opened = open_file(path, O_RDONLY);
  if (!opened) {
    log_line(LogLevel::warning, opened.error().message());
    return false;
  }
  complete_ = std::move(*opened);
  complete_fd_ = complete_.get();
  return true;
}

void PartialObject::mark_used() { core_->used(id(), state(), cached_bytes()); }

std::optional<Error> PartialObject::last_error() const { return state_.lock()->last_error; }

void PartialObject::touch(const BlockSpan& span) {
  if (core_->options().size_max == 0 || span.empty()) return;
  const std::uint32_t now = ++clock_;
  for (std::uint64_t i = span.first / kUseGroupBlocks; i <= (span.last - 1) / kUseGroupBlocks;
       ++i) {
    uses_[i].store(now, std::memory_order_relaxed);
  }
}

std::shared_ptr<PendingRead> PartialObject::read_when_ready(
    ByteRange range, std::function<void(Result<void>)> done) {
  const BlockSpan span = blocks_touching(range, store_->size());
  const auto waiter = std::make_shared<Waiter>(weak_from_this(), span, std::move(done));
  if (span.empty() || store_->usable(span) == span) {
    core_->metrics().add(Counter::cache_hits);
    waiter->answer({});
    return waiter;
  }
  core_->metrics().add(Counter::cache_misses);
  touch(span);
  waiter->since = Clock::now();
  waiter->missing = span.first;
  waiter->quarantines = store_->map().quarantines();
  Actions actions;
  bool open = true;
  {
    auto state = state_.lock();
    open = state->source != nullptr;
    if (open) {
      state->waiters.push_back(waiter);
      plan(*state, span, Priority::demand, actions);
    }
  }
  if (!open) {
    waiter->answer(Error(Errc::cancelled, "the object was closed"));
    return waiter;
  }
  arm_deadline();
  perform(actions);
  settle();
  return waiter;
}

void PartialObject::prefetch(ByteRange range, Priority priority) {
  Actions actions;
  {
    auto state = state_.lock();
    if (state->source == nullptr) return;
    plan(*state, blocks_touching(range, store_->size()), priority, actions);
  }
  perform(actions);
}

void PartialObject::answer(const Answers& answers) {
  for (const auto& [waiter, result] : answers) waiter->answer(result);
}

void PartialObject::settle() {
  Answers answers;
  {
    auto state = state_.lock();
    if (state->waiters.empty()) return;
    const MapFile& map = store_->map();
    const std::uint64_t quarantines = map.quarantines();
    for (auto at = state->waiters.begin(); at != state->waiters.end();) {
      Waiter& waiter = **at;
      bool answered = true;
      if (waiter.quarantines != quarantines) {
        answers.emplace_back(*at, corrupt_error(id()));
      } else {
        const std::uint64_t missing = map.find({waiter.missing, waiter.span().last}, false);
        if (missing != waiter.missing) waiter.since = Clock::now();
        waiter.missing = missing;
        answered = missing == waiter.span().last && store_->usable(waiter.span()) == waiter.span();
        if (answered) answers.emplace_back(*at, Result<void>());
      }
      at = answered ? state->waiters.erase(at) : std::next(at);
    }
  }
  answer(answers);
}

// Some block is fetched by another process: looks whether it came, or whether its fetcher is gone.
void PartialObject::poll() {
  settle();
  Actions actions;
  {
    auto state = state_.lock();
    state->polling = false;
    plan_waiters(*state, actions);
  }
  perform(actions);
  settle();
}

// What waiters wait for may vanish without an event here: a block that landed is punched out by
// another process before its waiter was answered. So as long as there are waiters, they are planned
// again from time to time, which does nothing if all is under way.
void PartialObject::watch() {
  state_.lock()->watching = false;
  poll();
}

void PartialObject::arm_deadline() {
  {
    auto state = state_.lock();
    if (state->deadline_armed) return;
    state->deadline_armed = true;
  }
  core_->timer().post_after(core_->options().read_deadline, [self = weak_from_this()] {
    if (const auto object = self.lock()) object->check_deadlines();
  });
}

void PartialObject::check_deadlines() {
  Answers answers;
  const auto now = Clock::now();
  auto next = Clock::time_point::max();
  {
    auto state = state_.lock();
    for (auto at = state->waiters.begin(); at != state->waiters.end();) {
      auto progress = (*at)->since;
      for (const auto& flight : state->flights) {
        const bool helps = !flight->claimed_in((*at)->span()).empty();
        if (helps) progress = std::max(progress, flight->last_data);
      }
      const auto due = progress + core_->options().read_deadline;
      const bool expired = due <= now;
      if (expired) {
        answers.emplace_back(*at, Error(Errc::timed_out, "no byte came within the deadline"));
      } else {
        next = std::min(next, due);
      }
      at = expired ? state->waiters.erase(at) : std::next(at);
    }
    state->deadline_armed = !state->waiters.empty();
  }
  if (!answers.empty()) {
    core_->metrics().add(Counter::deadline_expiries, answers.size());
    state_.lock()->last_error = answers.front().second.error();
  }
  if (next != Clock::time_point::max()) {
    core_->timer().post_at(next, [self = weak_from_this()] {
      if (const auto object = self.lock()) object->check_deadlines();
    });
  }
  answer(answers);
}

void PartialObject::cancel(const std::shared_ptr<Waiter>& waiter) {
  std::vector<std::shared_ptr<Fetch>> fetches;
  {
    auto state = state_.lock();
    const auto found = std::find(state->waiters.begin(), state->waiters.end(), waiter);
    if (found == state->waiters.end()) return;
    state->waiters.erase(found);
    for (const auto& flight : state->flights) {
      const bool ours = !flight->claimed_in(waiter->span()).empty();
      const bool wanted = std::any_of(
          state->waiters.begin(), state->waiters.end(),
          [&](const auto& other) { return !flight->claimed_in(other->span()).empty(); });
      const bool small = flight->claimed_blocks() <= kSmallFetchBlocks;
      if (!ours || wanted || small || !flight->for_demand || flight->cancelled) continue;
      flight->cancelled = true;
      if (flight->fetch) fetches.push_back(flight->fetch);
    }
  }
  for (const auto& fetch : fetches) fetch->cancel();
  waiter->answer(Error(Errc::cancelled, "the read was cancelled"));
}

// Through a descriptor of its own, so that the blocks of flights are locked against it, too.
// What is dropped before it was hashed would have to be fetched again for the digest of the whole,
// and the object could not be told from a wrong one until then. Not the last block: what follows
// from the digest is continue_hash()'s to tell.
void PartialObject::hash_what_is_here() {
  const std::uint64_t last = store_->map().blocks() - 1;
  while (store_->map().frontier() < last) {
    const std::uint64_t blocks = std::min(kHashBudgetBlocks, last - store_->map().frontier());
    const Result<HashStep> step = store_->advance_hash(blocks);
    if (!step || *step != HashStep::more) return;
  }
}

std::uint64_t PartialObject::punch_cold(std::uint64_t wanted) {
  hash_what_is_here();
  const std::lock_guard punching(punch_mutex_);
  if (!puncher_) {
    Result<std::unique_ptr<MapFile>> map = MapFile::open_existing(core_->layout(), id().oid);
    if (!map || (*map)->id() != id()) return 0;
    puncher_ = std::make_unique<BlockStore>(std::move(*map));
  }
  BlockStore& store = *puncher_;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> groups;
  for (std::uint64_t i = 0; i < uses_.size(); ++i) {
    const BlockSpan span{i * kUseGroupBlocks,
                         std::min((i + 1) * kUseGroupBlocks, store.map().blocks())};
    if (store.map().find(span, true) < span.last) groups.emplace_back(uses_[i].load(), i);
  }
  std::sort(groups.begin(), groups.end());
  std::uint64_t freed = 0;
  for (const auto& [use, group] : groups) {
    if (freed >= wanted) break;
    const BlockSpan span{group * kUseGroupBlocks,
                         std::min((group + 1) * kUseGroupBlocks, store.map().blocks())};
    auto state = state_.lock();
    const bool wanted_now =
        std::any_of(state->waiters.begin(), state->waiters.end(),
                    [&](const auto& waiter) { return !waiter->span().intersect(span).empty(); });
    if (!wanted_now) freed += store.punch(span);
  }
  if (freed > 0) changed_ = true;
  return freed;
}

}  // namespace lazylfs::cache
