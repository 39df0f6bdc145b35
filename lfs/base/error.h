// What went wrong, said once: a code that tells the caller what it can do, the errno if the system
// gave one, and a sentence for a person.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace lazylfs {

// What a caller can do about a failure. The names are stable: they appear in --json output.
enum class Errc {
  invalid,      // the input is malformed; a retry with the same input fails again
  not_found,    // the thing does not exist (also: the server lacks the object)
  exists,       // the thing is there already
  denied,       // credentials are missing or were refused
  unreachable,  // offline, or no route to the host
  timed_out,    // a deadline or the retry budget is spent
  transient,    // trying again later may help (5xx, 429, reset connection)
  corrupt,      // the bytes do not match their digest or break their format
  no_space,     // the disk or the cache is full
  read_only,    // a write to something that cannot be written
  busy,         // somebody else holds it
  cancelled,    // the caller, or the reader it worked for, gave up
  unsupported,  // this build, kernel, server or repository cannot do it
  io,           // any other system error
};

// The stable name of `code`, for example "not_found".
std::string_view errc_name(Errc code);

// Immutable and cheap to copy, so that one failed download can answer every waiter.
class Error {
 public:
  Error(Errc code, std::string message, int sys_errno = 0);

  // An error from errno value `sys_errno` while doing `what`, for example "open /x".
  static Error from_errno(std::string_view what, int sys_errno);

  Errc code() const { return state_->code; }
  int sys_errno() const { return state_->sys_errno; }  // 0 when the system was not involved
  const std::string& message() const { return state_->message; }

  // The same failure, told as "context: message".
  Error with_context(std::string_view context) const;

 private:
  struct State {
    Errc code;
    int sys_errno;
    std::string message;
  };
  std::shared_ptr<const State> state_;
};

}  // namespace lazylfs
