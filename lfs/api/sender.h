// Requests and pauses of threads that may block, both of which stop() ends at once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <set>

#include "lfs/base/guarded.h"
#include "lfs/http/engine.h"

namespace lazylfs::lfs {

// Thread-safe.
class Sender {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  explicit Sender(HttpEngine& engine) : engine_(engine) {}

  // Errc::timed_out when the whole response is not there at `deadline`, Errc::cancelled after
  // stop(), Errc::corrupt when the body is larger than `body_bytes_max`.
  Result<HttpResponse> send(HttpRequest request, std::size_t body_bytes_max, Deadline deadline);

  // The same with a response that goes to `handlers`, whose on_done must be empty. No call reaches
  // them after the return.
  Result<void> stream(HttpRequest request, HttpHandlers handlers, Deadline deadline);

  // False when stop() cut it short.
  bool pause(std::chrono::milliseconds delay);

  // Ends what is under way, and nothing else.
  void cancel_under_way();

  // From now on nothing is sent and nobody waits.
  void stop();

 private:
  struct State {
    bool stopped = false;
    std::set<RequestId> under_way;
  };
  HttpEngine& engine_;
  Guarded<State> state_;
  std::condition_variable changed_;
};

}  // namespace lazylfs::lfs
