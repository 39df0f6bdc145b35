// How long a program at the other end of a pipe may say nothing, or take nothing.
#pragma once

#include <chrono>
#include <string_view>

#include "lfs/base/result.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {

// lfs.activitytimeout when it is set, as for connections of our own; else ten minutes, since such a
// program may have good reasons: a person who is asked for a password, a disk that is copied.
std::chrono::seconds silence_max(const Config& config);

// Returns when `fd` can be read or has ended. Errc::timed_out, with what to do about it, after
// `silence`; zero waits for ever.
Result<void> wait_for_words(int fd, std::chrono::seconds silence);

// Writes all of `words` to `fd`, a pipe that never_block() was called for. Errc::timed_out when
// nothing of it was taken for `silence`; zero waits for ever.
Result<void> say_words(int fd, std::string_view words, std::chrono::seconds silence);
Result<void> never_block(int fd);

}  // namespace lazylfs::lfs
