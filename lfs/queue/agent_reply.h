// What a custom transfer agent answers: lines of JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lfs/base/json.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"

namespace lazylfs::lfs {

struct AgentReply {
  bool complete = false;       // else progress
  std::int64_t new_bytes = 0;  // since the last report; never negative
  std::string path;            // of what was downloaded; may be empty
  std::optional<Error> error;  // of a complete one
};

// One line that answers a request for `oid`. Errc::corrupt for anything else than the protocol has.
// `agent` is its name, for messages.
Result<AgentReply> parse_agent_reply(std::string_view line, const Oid& oid, std::string_view agent);

// The object "error" of an agent's answer: "[code] message".
Error agent_error(const Json& error);

}  // namespace lazylfs::lfs
