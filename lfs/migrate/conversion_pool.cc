#include "lfs/migrate/conversion_pool.h"

#include <algorithm>

namespace lazylfs::lfs {
namespace {

constexpr unsigned kThreadsMin = 2, kThreadsMax = 8;

}  // namespace

ConversionPool::~ConversionPool() {
  {
    auto state = state_.lock();
    state->ended = true;
    state->waiting.clear();
  }
  arrived_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::size_t ConversionPool::add(const GitOid& blob, std::string path) {
  std::size_t number = 0;
  {
    auto state = state_.lock();
    number = state->results.size();
    state->results.emplace_back();
    state->waiting.push_back({number, blob, std::move(path)});
  }
  if (threads_.empty()) {
    const unsigned count =
        std::clamp(std::thread::hardware_concurrency(), kThreadsMin, kThreadsMax);
    for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
  }
  arrived_.notify_one();
  return number;
}

void ConversionPool::work() {
  while (true) {
    Job job;
    {
      auto state = state_.lock();
      arrived_.wait(state.mutex_lock(), [&] { return state->ended || !state->waiting.empty(); });
      if (state->ended) return;
      job = std::move(state->waiting.front());
      state->waiting.pop_front();
    }
    const Result<GitOid> converted = migration_.convert(job.blob, job.path, pack_);
    {
      auto state = state_.lock();
      if (converted) {
        state->results[job.number] = *converted;
      } else {
        if (!state->failure) state->failure = converted.error();
        state->waiting.clear();
      }
    }
    done_.notify_all();
  }
}

Result<GitOid> ConversionPool::result(std::size_t number) {
  auto state = state_.lock();
  done_.wait(state.mutex_lock(), [&] { return state->failure || state->results[number]; });
  if (state->failure) return *state->failure;
  return *state->results[number];
}

}  // namespace lazylfs::lfs
