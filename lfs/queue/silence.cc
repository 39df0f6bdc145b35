#include "lfs/queue/silence.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace lazylfs::lfs {
namespace {

// Zero waits for ever. `verb` tells what it did not do.
Result<void> wait_for(int fd, short event, std::chrono::seconds silence, const std::string& verb) {
  using std::chrono::milliseconds;
  const auto deadline = std::chrono::steady_clock::now() + silence;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    const std::int64_t left_ms = std::max<std::int64_t>(0, left.count());
    pollfd ready{fd, event, 0};
    const int count = ::poll(&ready, 1, silence.count() == 0 ? -1 : static_cast<int>(left_ms));
    if (count > 0) return {};
    if (count == 0) break;
    if (errno != EINTR) return Error::from_errno("wait for a pipe", errno);
  }
  return Error(Errc::timed_out, "it " + verb + " nothing for " + std::to_string(silence.count()) +
                                    " seconds; lfs.activitytimeout sets another limit");
}

}  // namespace

std::chrono::seconds silence_max(const Config& config) {
  constexpr std::int64_t kDefault = 600;
  constexpr std::int64_t kDay = 24 * 60 * 60;
  const std::int64_t seconds = config.get_int("lfs.activitytimeout", kDefault);
  return seconds < 1 ? std::chrono::seconds(0) : std::chrono::seconds(std::min(seconds, kDay));
}

Result<void> wait_for_words(int fd, std::chrono::seconds silence) {
  if (silence.count() == 0) return {};
  return wait_for(fd, POLLIN, silence, "said");
}

Result<void> say_words(int fd, std::string_view words, std::chrono::seconds silence) {
  while (!words.empty()) {
    const ssize_t written = ::write(fd, words.data(), words.size());
    if (written >= 0) {
      words.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      TRY(wait_for(fd, POLLOUT, silence, "took"));
    } else if (errno != EINTR) {
      return Error::from_errno("write", errno);
    }
  }
  return {};
}

Result<void> never_block(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
    return Error::from_errno("fcntl", errno);
  }
  return {};
}

}  // namespace lazylfs::lfs
