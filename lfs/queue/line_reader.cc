#include "lfs/queue/line_reader.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "lfs/queue/silence.h"

namespace lazylfs::lfs {

Result<std::string> LineReader::next() {
  std::array<char, 65536> buffer{};
  std::size_t searched = 0;
  while (true) {
    const std::size_t end = unread_.find('\n', searched);
    if (end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    searched = unread_.size();
    if (unread_.size() > kLineBytesMax) return Error(Errc::corrupt, "a line is too long");
    TRY(wait_for_words(fd_, silence_));
    const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::from_errno("read from a pipe", errno);
    if (got == 0) {
      if (unread_.empty()) return Error(Errc::not_found, "the pipe has ended");
      return std::exchange(unread_, {});
    }
    unread_.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace lazylfs::lfs
