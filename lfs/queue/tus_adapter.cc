#include "lfs/queue/tus_adapter.h"

#include <algorithm>

#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/queue/basic_adapter.h"
#include "lfs/queue/storage_call.h"

namespace lazylfs::lfs {
namespace {

constexpr const char* kVersion = "1.0.0";

}  // namespace

TusAdapter::TusAdapter(ApiClient& client, const Config& config)
    : client_(client), verifies_max_(verifies_max(config)) {}

// What the server has of the object. `refused` is set when the error is the server's.
Result<std::uint64_t> TusAdapter::offset_at_server(const TransferTask& task, const Action& action,
                                                   std::optional<Attempt>& refused) {
  TRACE(TraceArea::transfer,
        "xfer: sending tus.io HEAD request for \"" << task.id.oid.hex() << "\"");
  StorageCall call;
  call.action = action;
  call.operation = Operation::upload;
  call.dress = [](HttpRequest& request) {
    request.method = "HEAD";
    request.headers.push_back({"Tus-Resumable", kVersion});
  };
  const ApiResponse response = TRY(send_to_storage(client_, call));
  if (!response.is_success()) {
    refused = refused_by_storage(response);
    return response.error();
  }
  const auto offset = parse_uint(trim(response.head.header("Upload-Offset")));
  if (!offset) {
    refused = Attempt::failed(Error(Errc::corrupt,
                                    "missing Upload-Offset header from tus.io "
                                    "HEAD response at \"" +
                                        redact_url(action.href) + "\", contact server admin"));
    return refused->result.error();
  }
  return *offset;
}

Attempt TusAdapter::send_rest(const TransferTask& task, const Action& action,
                              std::uint64_t offset) {
  const Result<std::shared_ptr<const Fd>> file = open_upload(task);
  if (!file) return Attempt::failed(file.error());
  const std::string oid = task.id.oid.hex();
  if (offset == 0) {
    TRACE(TraceArea::transfer, "xfer: tus.io uploading \"" << oid << "\" from start");
  } else {
    TRACE(TraceArea::transfer, "xfer: tus.io resuming upload \"" << oid << "\" from " << offset);
  }
  TRACE(TraceArea::transfer, "xfer: sending tus.io PATCH request for \"" << oid << "\"");
  StorageCall call;
  call.action = action;
  call.operation = Operation::upload;
  call.dress = [&](HttpRequest& request) {
    request.method = "PATCH";
    request.headers.push_back({"Tus-Resumable", kVersion});
    request.headers.push_back({"Upload-Offset", std::to_string(offset)});
    request.headers.push_back({"Content-Type", "application/offset+octet-stream"});
    request.file_body = FileBody{*file, offset, task.id.size - offset};
  };
  const auto progress = sent_teller(task);
  call.on_sent = progress;
  const Result<ApiResponse> response = send_to_storage(client_, call);
  if (response && response->is_success()) {
    progress(task.id.size - offset);
    return Attempt::done();
  }
  progress(0);
  if (!response) return broken_exchange(response.error());
  Attempt attempt = refused_by_storage(*response);
  if (response->head.status == 409) attempt.retries = 2;  // somebody else sent a part
  return attempt;
}

Attempt TusAdapter::move(const TransferTask& task, std::size_t /*worker*/) {
  if (stopped_) return Attempt::failed(Error(Errc::cancelled, "stopped"));
  const Result<Action> action = usable_action(task.entry, "upload");
  if (!action) return broken_exchange(action.error());
  std::optional<Attempt> refused;
  const Result<std::uint64_t> offset = offset_at_server(task, *action, refused);
  if (!offset) return refused ? *refused : broken_exchange(offset.error());
  if (task.progress && *offset > 0) {
    task.progress(static_cast<std::int64_t>(std::min(*offset, task.id.size)));
  }
  if (*offset < task.id.size) {
    Attempt sent = send_rest(task, *action, *offset);
    if (!sent.result) {
      if (task.progress && *offset > 0) task.progress(-static_cast<std::int64_t>(*offset));
      return sent;
    }
  }
  const Result<void> verified = verify_upload(client_, task.entry, task.id, verifies_max_);
  return verified ? Attempt::done() : Attempt::failed(verified.error());
}

}  // namespace lazylfs::lfs
