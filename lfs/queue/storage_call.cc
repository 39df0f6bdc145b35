#include "lfs/queue/storage_call.h"

#include <ctime>

#include "lfs/api/batch.h"
#include "lfs/api/sender.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"

namespace lazylfs::lfs {
namespace {

constexpr int kRedirectsMax = 5;
constexpr int kRefusalsMax = 3;
constexpr std::size_t kErrorBodyBytesMax = 1U << 20U;
constexpr std::int64_t kExpiryMarginSeconds = 5;
constexpr std::chrono::hours kForever{24 * 365};

bool is_success(int status) { return status >= 200 && status < 300; }

// One exchange: a success goes to the sink, anything else into the response.
Result<ApiResponse> exchange(ApiClient& client, const HttpRequest& request,
                             const StorageCall& call) {
  ApiResponse response;
  response.url = request.url;
  HttpHandlers handlers;
  handlers.on_head = [&](const HttpHead& head) -> Result<void> {
    response.head = head;
    return call.sink != nullptr && is_success(head.status) ? call.sink->begin(head)
                                                           : Result<void>();
  };
  handlers.on_body = [&](std::span<const std::byte> bytes) -> Result<void> {
    if (call.sink != nullptr && is_success(response.head.status)) return call.sink->data(bytes);
    const std::size_t room = kErrorBodyBytesMax - response.body.size();
    response.body.append(reinterpret_cast<const char*>(bytes.data()), std::min(room, bytes.size()));
    return {};
  };
  handlers.on_sent = call.on_sent;
  TRY(client.sender().stream(request, std::move(handlers),
                             std::chrono::steady_clock::now() + kForever));
  return response;
}

}  // namespace

std::function<void(std::uint64_t)> sent_teller(const TransferTask& task) {
  // Shared: the copy in the call and the caller's count on together.
  const auto told = std::make_shared<std::uint64_t>(0);
  return [&task, told](std::uint64_t sent) {
    const auto more = static_cast<std::int64_t>(sent) - static_cast<std::int64_t>(*told);
    *told = sent;
    if (more != 0 && task.progress) task.progress(more);
  };
}

Result<ApiResponse> send_to_storage(ApiClient& client, StorageCall call) {
  int redirects = 0;
  int refusals = 0;
  while (true) {
    HttpRequest request = TRY(client.prepare(call.action, call.operation));
    request.accept_encoding = kGzip;
    if (call.dress) call.dress(request);
    ApiResponse response = TRY(exchange(client, request, call));
    const int status = response.head.status;
    if (response.head.is_redirect() && !response.head.header("Location").empty()) {
      if (++redirects > kRedirectsMax) {
        return Error(Errc::invalid, "too many redirects from " + redact_url(request.url));
      }
      HttpRequest bare = request;  // credentials are chosen for each host anew
      bare.headers = call.action.headers;
      const HttpRequest next = TRY(ApiClient::follow_redirect(bare, response.head));
      TRACE(TraceArea::general, "api: redirect " << request.method << ' ' << redact_url(request.url)
                                                 << " to " << redact_url(next.url));
      call.action.href = next.url;
      call.action.headers = next.headers;
      continue;
    }
    if (status == 401 && ++refusals <= kRefusalsMax &&
        client.renew_credentials(request, response.head)) {
      continue;
    }
    if (is_success(status)) client.accepted(request);
    return response;
  }
}

Attempt refused_by_storage(const ApiResponse& response) {
  const int status = response.head.status;
  const Error error = response.error();
  const bool prefixed =
      error.message().starts_with("LFS: ") || error.message().starts_with("Fatal error: ");
  Attempt attempt =
      Attempt::failed(prefixed ? error : Error(error.code(), "LFS: " + error.message()));
  attempt.retry_after = retry_after_seconds(response.head);
  attempt.overloaded = status == 429 || status == 503;
  // A signed address may have expired: a new one is worth one or two more requests.
  if (status == 403) attempt.retries = 2;
  if (status == 401) attempt.retries = 1;  // a person may be asked each time
  if (status == 408 || status == 429) attempt.retries = Attempt::kUnlimited;
  if (status >= 500 && status != 501 && status != 507 && status != 509) {
    attempt.retries = Attempt::kUnlimited;
  }
  return attempt;
}

Attempt broken_exchange(const Error& error) {
  switch (error.code()) {
    case Errc::transient:
    case Errc::timed_out:
    case Errc::unreachable:
      return Attempt::passing(error);
    case Errc::corrupt: {
      Attempt attempt = Attempt::failed(error);
      attempt.retries = 1;
      return attempt;
    }
    default:
      return Attempt::failed(error);
  }
}

Result<Action> usable_action(const Json& entry, const char* name) {
  const Json* json = find_action(entry, name);
  if (json == nullptr) {
    return Error(Errc::not_found, std::string("the server offers no ") + name + " of this object");
  }
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  Action action = TRY(parse_action(*json, json_bool(entry, "authenticated").value_or(false), now));
  if (action.expires_at && *action.expires_at < now + kExpiryMarginSeconds) {
    return Error(Errc::timed_out, std::string("LFS: action \"") + name + "\" expires at " +
                                      std::to_string(*action.expires_at));
  }
  return action;
}

std::int64_t verifies_max(const Config& config) {
  constexpr std::int64_t kDefault = 3;
  const std::int64_t wanted = config.get_int("lfs.transfer.maxverifies", kDefault);
  return wanted > 0 ? wanted : kDefault;
}

Result<void> verify_upload(ApiClient& client, const Json& entry, const ObjectId& id,
                           std::int64_t attempts_max) {
  if (find_action(entry, "verify") == nullptr) return {};
  StorageCall call;
  call.operation = Operation::upload;
  call.action = TRY(usable_action(entry, "verify"));
  Json body;
  body["oid"] = id.oid.hex();
  body["size"] = id.size;
  const std::string text = dump_json(body);
  call.dress = [&text](HttpRequest& request) {
    request.method = "POST";
    request.purpose = "lfs.verify";
    request.headers.push_back({"Accept", "application/vnd.git-lfs+json"});
    request.headers.push_back({"Content-Type", "application/vnd.git-lfs+json"});
    request.body = text;
  };
  Error last(Errc::io, "not verified");
  for (std::int64_t attempt = 1; attempt <= attempts_max; ++attempt) {
    TRACE(TraceArea::general,
          "tq: verify " << id.oid.hex().substr(0, 7) << " attempt #" << attempt);
    const Result<ApiResponse> response = send_to_storage(client, call);
    if (response && response->is_success()) return {};
    last = response ? response->error() : response.error();
    if (last.code() == Errc::cancelled) break;
  }
  return last;
}

}  // namespace lazylfs::lfs
