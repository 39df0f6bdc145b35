#include "lfs/api/sender.h"

#include <mutex>

#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

HttpHandlers collect_into(HttpResponse& response, std::size_t body_bytes_max) {
  HttpHandlers handlers;
  handlers.on_head = [&response](const HttpHead& head) -> Result<void> {
    response.head = head;
    return {};
  };
  handlers.on_body = [&response, body_bytes_max](std::span<const std::byte> bytes) -> Result<void> {
    if (bytes.size() > body_bytes_max - response.body.size()) {
      return Error(Errc::corrupt, "the response is larger than " + format_size(body_bytes_max));
    }
    response.body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
  return handlers;
}

}  // namespace

Result<HttpResponse> Sender::send(HttpRequest request, std::size_t body_bytes_max,
                                  Deadline deadline) {
  HttpResponse response;
  TRY(stream(std::move(request), collect_into(response, body_bytes_max), deadline));
  return response;
}

Result<void> Sender::stream(HttpRequest request, HttpHandlers handlers, Deadline deadline) {
  std::optional<Result<void>> result;  // guarded by `mutex`
  std::mutex mutex;
  std::condition_variable finished;
  handlers.on_done = [&](Result<void> outcome) {
    const std::lock_guard lock(mutex);
    result = std::move(outcome);
    finished.notify_all();
  };
  RequestId id = 0;
  {
    auto state = state_.lock();
    if (state->stopped) return Error(Errc::cancelled, "stopped");
    id = engine_.submit(std::move(request), std::move(handlers));
    state->under_way.insert(id);
  }
  bool late = false;
  {
    std::unique_lock lock(mutex);
    const auto is_finished = [&] { return result.has_value(); };
    late = !finished.wait_until(lock, deadline, is_finished);
    if (late) {
      engine_.cancel(id);
      finished.wait(lock, is_finished);
    }
  }
  state_.lock()->under_way.erase(id);
  if (late && !result->has_value()) {
    return Error(Errc::timed_out, "no complete answer before the deadline");
  }
  return *result;
}

bool Sender::pause(std::chrono::milliseconds delay) {
  auto state = state_.lock();
  changed_.wait_for(state.mutex_lock(), delay, [&] { return state->stopped; });
  return !state->stopped;
}

void Sender::stop() {
  std::set<RequestId> under_way;
  {
    auto state = state_.lock();
    state->stopped = true;
    under_way = state->under_way;
  }
  changed_.notify_all();
  for (const RequestId id : under_way) engine_.cancel(id);
}

void Sender::cancel_under_way() {
  const std::set<RequestId> under_way = state_.lock()->under_way;
  for (const RequestId id : under_way) engine_.cancel(id);
}

}  // namespace lazylfs::lfs
