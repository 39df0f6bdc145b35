// A request that finds no call under way is sent at once. While one is, requests wait for others
// that join their batch call, as long as a window of a millisecond or two. Room that is left in the
// call is filled with objects that are expected to be read next, so that a folder of small files
// costs one call for a hundred of them.
#include "lfs/transfer/action_resolver.h"

#include <algorithm>
#include <ctime>
#include <limits>

#include "lfs/base/trace.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kThreads = 2;
constexpr std::size_t kKnownMax = 50'000;
constexpr std::size_t kExpectedMax = 1000;
// Without an expiry an action is asked for again after this long.
constexpr std::int64_t kLifetimeSeconds = 3600;

std::int64_t unix_now() { return static_cast<std::int64_t>(std::time(nullptr)); }

}  // namespace

ActionResolver::ActionResolver(ActionSource& source, ResolverOptions options)
    : source_(source), options_(options) {
  for (std::size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this] { work(); });
}

ActionResolver::~ActionResolver() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  threads_.clear();  // joins
  for (auto& [oid, wanted] : wanted_) {
    for (const Answer& answer : wanted.answers) answer(Error(Errc::cancelled, "cancelled"));
  }
}

void ActionResolver::resolve(const ObjectId& id, Priority priority, Answer answer) {
  std::unique_lock lock(mutex_);
  if (const Action* action = find_usable(id.oid)) {
    const Action copy = *action;
    lock.unlock();
    answer(copy);
    return;
  }
  const auto [entry, added] = wanted_.try_emplace(id.oid);
  Wanted& wanted = entry->second;
  if (added) {
    wanted.id = id;
    wanted.priority = priority;
    wanted.since = Clock::now();
    ++queued_;
  }
  wanted.priority = std::min(wanted.priority, priority);
  wanted.answers.push_back(std::move(answer));
  lock.unlock();
  changed_.notify_one();
}

void ActionResolver::raise(const Oid& oid, Priority priority) {
  const std::lock_guard lock(mutex_);
  const auto found = wanted_.find(oid);
  if (found != wanted_.end()) {
    found->second.priority = std::min(found->second.priority, priority);
  }
}

void ActionResolver::expect(const std::vector<ObjectId>& ids) {
  const std::lock_guard lock(mutex_);
  // In reverse, so that the first of the newest list is at the front.
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) expected_.push_front(*id);
  if (expected_.size() > kExpectedMax) expected_.resize(kExpectedMax);
}

void ActionResolver::forget(const Oid& oid, const std::string& href) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(oid);
  if (found == known_.end() || found->second.action.href != href) return;
  by_age_.erase(found->second.age);
  known_.erase(found);
}

void ActionResolver::work() {
  std::unique_lock lock(mutex_);
  while (wait_for_work(lock)) {
    const std::vector<ObjectId> ids = take_batch();
    ++calls_;
    lock.unlock();
    ask(ids);
    lock.lock();
    --calls_;
  }
}

// Returns with something queued that need not wait, or false when it is time to end.
bool ActionResolver::wait_for_work(std::unique_lock<std::mutex>& lock) {
  while (!stopping_) {
    if (queued_ == 0) {
      changed_.wait(lock);
      continue;
    }
    Clock::time_point oldest = Clock::time_point::max();
    for (const auto& [oid, wanted] : wanted_) {
      if (!wanted.in_flight) oldest = std::min(oldest, wanted.since);
    }
    const bool at_once = calls_ == 0 || queued_ >= options_.batch_objects_max;
    if (at_once || Clock::now() >= oldest + options_.coalesce_window) return true;
    changed_.wait_until(lock, oldest + options_.coalesce_window);
  }
  return false;
}

std::vector<ObjectId> ActionResolver::take_batch() {
  std::vector<Wanted*> queued;
  for (auto& [oid, wanted] : wanted_) {
    if (!wanted.in_flight) queued.push_back(&wanted);
  }
  std::sort(queued.begin(), queued.end(), [](const Wanted* a, const Wanted* b) {
    return std::pair(a->priority, a->since) < std::pair(b->priority, b->since);
  });
  if (queued.size() > options_.batch_objects_max) queued.resize(options_.batch_objects_max);
  std::vector<ObjectId> ids;
  for (Wanted* wanted : queued) {
    wanted->in_flight = true;
    ids.push_back(wanted->id);
  }
  queued_ -= ids.size();
  while (ids.size() < options_.batch_objects_max && !expected_.empty()) {
    const ObjectId id = expected_.front();
    expected_.pop_front();
    if (find_usable(id.oid) != nullptr) continue;
    const auto [entry, added] = wanted_.try_emplace(id.oid);
    if (!added) continue;
    entry->second.id = id;
    entry->second.in_flight = true;
    ids.push_back(id);
  }
  return ids;
}

void ActionResolver::ask(const std::vector<ObjectId>& ids) {
  TRACE(TraceArea::transfer, "tq: sending batch of size " << ids.size());
  const Result<std::vector<BatchObject>> reply = source_.batch_download(ids);
  std::vector<std::pair<Answer, Result<Action>>> answers;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const Result<Action> action = reply ? reply->at(i).download : Result<Action>(reply.error());
      if (action) learn(ids[i].oid, *action);
      const auto found = wanted_.find(ids[i].oid);
      for (Answer& answer : found->second.answers) answers.emplace_back(std::move(answer), action);
      wanted_.erase(found);
    }
  }
  for (const auto& [answer, action] : answers) answer(action);
}

void ActionResolver::learn(const Oid& oid, const Action& action) {
  const std::int64_t now = unix_now();
  const std::int64_t until = action.expires_at ? *action.expires_at - options_.expiry_margin.count()
                                               : now + kLifetimeSeconds;
  if (const auto old = known_.find(oid); old != known_.end()) {
    by_age_.erase(old->second.age);
    known_.erase(old);
  }
  if (until <= now) return;  // good for the requests that wait now, and no longer
  known_.emplace(oid, Known{action, until, by_age_.insert(by_age_.end(), oid)});
  if (known_.size() > kKnownMax) {
    known_.erase(by_age_.front());
    by_age_.pop_front();
  }
}

const Action* ActionResolver::find_usable(const Oid& oid) {
  const auto found = known_.find(oid);
  if (found == known_.end()) return nullptr;
  return found->second.usable_until > unix_now() ? &found->second.action : nullptr;
}

}  // namespace lazylfs::lfs
