#include "lfs/queue/silence.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace lazylfs::lfs {

std::chrono::seconds silence_max(const Config& config) {
  constexpr std::int64_t kDefault = 600;
  constexpr std::int64_t kDay = 24 * 60 * 60;
  const std::int64_t seconds = config.get_int("lfs.activitytimeout", kDefault);
  return seconds < 1 ? std::chrono::seconds(0) : std::chrono::seconds(std::min(seconds, kDay));
}

Result<void> wait_for_words(int fd, std::chrono::seconds silence) {
  if (silence.count() == 0) return {};
  const auto deadline = std::chrono::steady_clock::now() + silence;
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd readable{fd, POLLIN, 0};
    const int ready =
        ::poll(&readable, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready > 0) return {};
    if (ready == 0) break;
    if (errno != EINTR) return Error::from_errno("wait for a pipe", errno);
  }
  return Error(Errc::timed_out, "it said nothing for " + std::to_string(silence.count()) +
                                    " seconds; lfs.activitytimeout sets another limit");
}

}  // namespace lazylfs::lfs
