#include "lfs/queue/agent_reply.h"

#include <algorithm>

#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kQuotedBytesMax = 100;  // of what an agent said, in messages

}  // namespace

Error agent_error(const Json& error) {
  return Error(Errc::io, "[" + std::to_string(json_int(error, "code").value_or(0)) + "] " +
                             json_string(error, "message").value_or(""));
}

Result<AgentReply> parse_agent_reply(std::string_view line, const Oid& oid,
                                     std::string_view agent) {
  const Json reply = TRY_CONTEXT("custom transfer agent", parse_json(line));
  const std::string event = json_string(reply, "event").value_or("");
  const std::string answered = json_string(reply, "oid").value_or("");
  if (answered != oid.hex()) {
    return Error(Errc::corrupt, "unexpected OID " + go_quoted(answered.substr(0, kQuotedBytesMax)) +
                                    " in response, expected " + go_quoted(oid.hex()));
  }
  AgentReply result;
  if (event == "progress") {
    result.new_bytes = std::max<std::int64_t>(json_int(reply, "bytesSinceLast").value_or(0), 0);
    return result;
  }
  if (event != "complete") {
    return Error(Errc::corrupt, "invalid message " + go_quoted(event.substr(0, kQuotedBytesMax)) +
                                    " from custom adapter " + go_quoted(agent));
  }
  result.complete = true;
  result.path = json_string(reply, "path").value_or("");
  if (const Json* error = json_object(reply, "error"); error != nullptr) {
    result.error = agent_error(*error);
  }
  return result;
}

}  // namespace lazylfs::lfs
