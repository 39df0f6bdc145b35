// One request to the storage that a batch reply names, with credentials, redirects and upstream's
// words for refusals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "lfs/api/client.h"
#include "lfs/queue/adapter.h"

namespace lazylfs::lfs {

// Takes the body of a success. Called on the engine's thread.
class ResponseSink {
 public:
  ResponseSink() = default;
  ResponseSink(const ResponseSink&) = delete;
  ResponseSink& operator=(const ResponseSink&) = delete;
  virtual ~ResponseSink() = default;
  virtual Result<void> begin(const HttpHead& head) = 0;
  virtual Result<void> data(std::span<const std::byte> bytes) = 0;
};

struct StorageCall {
  Action action;
  Operation operation = Operation::download;
  std::function<void(HttpRequest&)> dress;     // method, body, range, further headers
  std::function<void(std::uint64_t)> on_sent;  // of a file body; may be empty
  ResponseSink* sink = nullptr;                // null: the body is collected, up to a megabyte
};

// For on_sent: tells the task by how much the figure of all bytes sent has changed. It may go back.
// `task` must outlive it.
std::function<void(std::uint64_t)> sent_teller(const TransferTask& task);

// The last response, whatever its status; its body, unless the sink took it.
Result<ApiResponse> send_to_storage(ApiClient& client, StorageCall call);

// What a refusal by storage means for the object.
Attempt refused_by_storage(const ApiResponse& response);
// What a failed exchange means for the object.
Attempt broken_exchange(const Error& error);

// The named action of a task's entry. Errc::not_found when there is none; Errc::timed_out when it
// has expired (or will within five seconds), so that the server must be asked again.
Result<Action> usable_action(const Json& entry, const char* name);

// lfs.transfer.maxverifies; 3 when it is not set or is no number above zero.
std::int64_t verifies_max(const Config& config);

// POSTs {oid, size} to the entry's verify action, when there is one, as often as
// lfs.transfer.maxverifies says.
Result<void> verify_upload(ApiClient& client, const Json& entry, const ObjectId& id,
                           std::int64_t attempts_max);

}  // namespace lazylfs::lfs
