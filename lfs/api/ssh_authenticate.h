// `ssh host git-lfs-authenticate <path> <operation>`: where an SSH remote's LFS server is, and the
// headers that open it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/api/endpoint.h"
#include "lfs/base/guarded.h"
#include "lfs/base/process.h"
#include "lfs/http/engine.h"

namespace lazylfs::lfs {

// What the server's git-lfs-authenticate printed.
struct SshGrant {
  std::string href;  // empty: the guessed https endpoint
  std::vector<Header> headers;
  std::optional<std::int64_t> expires_at;  // seconds since 1970
};

Result<SshGrant> parse_ssh_grant(std::string_view text, std::int64_t now);

// The program to run and its arguments, as GIT_SSH_COMMAND, GIT_SSH, core.sshCommand and the
// ssh variant want them. Errc::invalid for a host or path that no command line should carry.
// `extra` options are for OpenSSH only: other variants do not get them.
Result<Command> ssh_command(const Config& config, const SshTarget& target,
                            const std::string& remote_command,
                            const std::vector<std::string>& extra = {});

// "run_command: ssh host ..." and "exec: ssh 'host' '...'" in the trace.
void trace_command(const Command& command);

// "<program> <path> <download|upload>", quoted for the remote shell when it needs to be.
Result<std::string> remote_program_command(std::string_view program, const SshTarget& target,
                                           Operation operation);
Result<std::string> authenticate_command(const SshTarget& target, Operation operation);

// Thread-safe; remembers the answer until five seconds before it expires. One ssh at a time.
class SshAuthenticator {
 public:
  // `config` must outlive it.
  SshAuthenticator(const Config& config, SshTarget target, std::string folder);

  // An empty grant when the server has no git-lfs-authenticate. Blocks while ssh runs.
  Result<SshGrant> get(Operation operation);
  // The server refused what get() gave.
  void forget();

 private:
  struct State {
    std::optional<SshGrant> grant;
    bool in_flight = false;
  };
  Result<SshGrant> ask(Operation operation) const;
  Result<SshGrant> ask_with_retries(Operation operation) const;

  const Config& config_;
  const SshTarget target_;
  const std::string folder_;
  Guarded<State> state_;
  std::condition_variable landed_;
};

}  // namespace lazylfs::lfs
