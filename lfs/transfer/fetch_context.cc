#include "lfs/transfer/fetch_context.h"

#include <algorithm>

#include "lfs/base/url.h"

namespace lazylfs::lfs {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kTroublesMax = 1000;
constexpr std::size_t kHostsMax = 100;
constexpr milliseconds kSilenceMin{2000};
constexpr milliseconds kSilenceMax{30000};

std::string host_of(const std::string& url) {
  const auto parsed = Url::parse(url);
  return parsed ? parsed->host + ":" + std::to_string(parsed->effective_port()) : "";
}

}  // namespace

BlockingPool::BlockingPool(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

BlockingPool::~BlockingPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  posted_.notify_all();
  threads_.clear();  // joins
}

void BlockingPool::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  posted_.notify_one();
}

void BlockingPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    posted_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it holds goes before the lock is taken
    lock.lock();
  }
}

void HostHealth::record_first_byte(const std::string& url, milliseconds elapsed) {
  constexpr double kWeight = 0.1;
  auto average = average_ms_.lock();
  if (average->size() >= kHostsMax) average->clear();
  const double sample = static_cast<double>(elapsed.count());
  const auto [entry, added] = average->try_emplace(host_of(url), sample);
  if (!added) entry->second += kWeight * (sample - entry->second);
}

milliseconds HostHealth::suspicious_silence(const std::string& url) const {
  constexpr double kFactor = 10;
  auto average = average_ms_.lock();
  const auto found = average->find(host_of(url));
  const double usual = found == average->end() ? 0 : found->second;
  return std::clamp(milliseconds(static_cast<std::int64_t>(kFactor * usual)), kSilenceMin,
                    kSilenceMax);
}

void TroubleLog::add(const Oid& oid, ServerTrouble trouble) {
  auto state = state_.lock();
  const auto [entry, added] = state->by_oid.insert_or_assign(oid, std::move(trouble));
  if (added) state->by_age.push_back(oid);
  if (state->by_age.size() > kTroublesMax) {
    state->by_oid.erase(state->by_age.front());
    state->by_age.pop_front();
  }
}

std::optional<ServerTrouble> TroubleLog::find(const Oid& oid) const {
  auto state = state_.lock();
  const auto found = state->by_oid.find(oid);
  if (found == state->by_oid.end()) return std::nullopt;
  return found->second;
}

}  // namespace lazylfs::lfs
