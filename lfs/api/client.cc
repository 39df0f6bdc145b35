#include "lfs/api/client.h"

#include <ctime>
#include <deque>
#include <unordered_map>
#include <unordered_set>

#include "lfs/api/batch.h"
#include "lfs/api/caller.h"
#include "lfs/api/messages.h"
#include "lfs/base/json.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"

namespace lazylfs::lfs {
namespace {

using Clock = std::chrono::steady_clock;

std::int64_t unix_now() { return static_cast<std::int64_t>(std::time(nullptr)); }

std::vector<ObjectId> without_duplicates(const std::vector<ObjectId>& ids) {
  std::unordered_set<Oid> seen;
  std::vector<ObjectId> result;
  for (const ObjectId& id : ids) {
    if (seen.insert(id.oid).second) result.push_back(id);
  }
  return result;
}

Error not_an_api(const ApiResponse& response) {
  return Error(Errc::corrupt,
               redact_url(response.url) + " does not answer as an LFS server does (" +
                   presentable(response.head.header("Content-Type"), 100) + "): check lfs.url");
}

}  // namespace

bool ApiResponse::is_success() const { return head.status >= 200 && head.status < 300; }

Error ApiResponse::error() const { return status_error(head, body, url); }

Result<Json> ApiResponse::json() const {
  constexpr int kDepthMax = 32;
  if (!is_success()) return error();
  if (!is_json(head)) return not_an_api(*this);
  Result<Json> value = parse_json(body, kDepthMax);
  if (value) return value;
  return Error(Errc::corrupt, "Unable to parse HTTP response for " + method + " " +
                                  redact_url(url) + ": " + value.error().message());
}

class ApiClient::Impl {
 public:
  Impl(HttpEngine& engine, const Config& config, Metrics& metrics, ApiClientOptions options)
      : config_(config),
        metrics_(metrics),
        options_(std::move(options)),
        caller_(engine, config, metrics, options_) {}

  Result<ApiResponse> call(const ApiCall& call) {
    ApiCaller::Attempts attempts;
    attempts.deadline = Clock::now() + options_.batch_deadline;
    return caller_.run(call, attempts);
  }
  Result<std::vector<BatchObject>> batch_download(const std::vector<ObjectId>& ids);
  Result<HttpRequest> prepare(const Action& action, Operation operation);
  bool renew_credentials(const HttpRequest& request, const HttpHead& head);
  void accepted(const HttpRequest& request);
  ApiCaller& caller() { return caller_; }
  const Endpoint& endpoint() const { return options_.endpoint; }

 private:
  Result<ApiResponse> batch_call(const std::vector<ObjectId>& objects, Clock::time_point deadline,
                                 int& attempts);

  const Config& config_;
  Metrics& metrics_;
  const ApiClientOptions options_;
  ApiCaller caller_;
};

Result<ApiResponse> ApiClient::Impl::batch_call(const std::vector<ObjectId>& objects,
                                                Clock::time_point deadline, int& count) {
  BatchRequest body;
  body.objects = objects;
  body.transfers = {"basic"};
  body.ref = options_.ref;
  ApiCall call;
  call.method = "POST";
  call.path = "/objects/batch";
  call.purpose = "lfs.batch";
  call.body = encode_batch_request(body);
  call.retry = true;
  TRACE(TraceArea::general, "tq: sending batch of size " << objects.size());
  metrics_.add(Counter::batch_calls);
  const auto started = Clock::now();
  ApiCaller::Attempts attempts;
  attempts.deadline = deadline;
  Result<ApiResponse> response = caller_.run(call, attempts);
  metrics_.record(Latency::batch_call, Clock::now() - started);
  count = attempts.count;
  return response;
}

Result<std::vector<BatchObject>> ApiClient::Impl::batch_download(const std::vector<ObjectId>& ids) {
  if (ids.empty()) return std::vector<BatchObject>();
  const auto deadline = Clock::now() + options_.batch_deadline;
  metrics_.add(Counter::batch_objects, ids.size());
  std::unordered_map<Oid, Result<Action>> answers;
  std::deque<std::vector<ObjectId>> waiting = {without_duplicates(ids)};
  while (!waiting.empty()) {
    const std::vector<ObjectId> asked = std::move(waiting.front());
    waiting.pop_front();
    int attempts = 0;
    const ApiResponse response = TRY(batch_call(asked, deadline, attempts));
    if (response.head.status == 413 && asked.size() > 1) {
      const auto middle = asked.begin() + static_cast<std::ptrdiff_t>(asked.size() / 2);
      waiting.emplace_back(asked.begin(), middle);
      waiting.emplace_back(middle, asked.end());
      continue;
    }
    if (!response.is_success()) return response.error();
    Result<std::vector<BatchObject>> objects =
        is_json(response.head) ? parse_batch_response(response.body, asked, unix_now())
                               : not_an_api(response);
    if (!objects) {
      caller_.note_trouble(attempts, response.url, &response, objects.error().message());
      return objects.error();
    }
    for (BatchObject& object : *objects) {
      answers.insert_or_assign(object.id.oid, std::move(object.download));
    }
  }
  std::vector<BatchObject> result;
  result.reserve(ids.size());
  for (const ObjectId& id : ids) result.push_back({id, answers.at(id.oid)});
  return result;
}

Result<HttpRequest> ApiClient::Impl::prepare(const Action& action, Operation operation) {
  HttpRequest request;
  request.url = config_.get_bool("lfs.transfer.enablehrefrewrite", false)
                    ? config_.rewrite_url(action.href, operation == Operation::upload)
                    : action.href;
  const auto url = Url::parse(request.url);
  if (!url) return Error(Errc::invalid, "malformed address: " + redact_url(request.url));
  request.purpose = operation == Operation::upload ? "lfs.data.upload" : "lfs.data.download";
  request.headers = action.headers;
  request.options = TRY(caller_.options_for(*url));
  if (!action.authenticated) TRY(caller_.grant_for(request));
  return request;
}

bool ApiClient::Impl::renew_credentials(const HttpRequest& request, const HttpHead& head) {
  const auto url = Url::parse(request.url);
  if (head.status != 401 || !url) return false;
  Grant sent;
  sent.authorization = std::string(authorization_in(request.headers));
  sent.negotiate = request.options != nullptr && request.options->negotiate;
  const Result<void> renewed = caller_.authenticator().refused(*url, sent, head);
  if (!renewed) {
    ServerTrouble trouble;
    trouble.host = url->host;
    trouble.status = head.status;
    trouble.request_id = request_id_of(head, "");
    trouble.message = renewed.error().message();
    caller_.set_trouble(std::move(trouble));
  }
  return renewed.has_value();
}

void ApiClient::Impl::accepted(const HttpRequest& request) {
  const auto url = Url::parse(request.url);
  if (!url) return;
  Grant sent;
  sent.authorization = std::string(authorization_in(request.headers));
  sent.negotiate = request.options != nullptr && request.options->negotiate;
  caller_.authenticator().accepted(*url, sent);
}

ApiClient::ApiClient(HttpEngine& engine, const Config& config, Metrics& metrics,
                     ApiClientOptions options)
    : impl_(std::make_unique<Impl>(engine, config, metrics, std::move(options))) {}
ApiClient::~ApiClient() = default;

Result<ApiResponse> ApiClient::call(const ApiCall& call) { return impl_->call(call); }
Result<std::vector<BatchObject>> ApiClient::batch_download(const std::vector<ObjectId>& ids) {
  return impl_->batch_download(ids);
}
Result<HttpRequest> ApiClient::prepare_download(const Action& action, ByteRange range) {
  HttpRequest request = TRY(impl_->prepare(action, Operation::download));
  request.range = range;
  return request;
}
Result<HttpRequest> ApiClient::prepare(const Action& action, Operation operation) {
  return impl_->prepare(action, operation);
}
Result<std::shared_ptr<const HttpOptions>> ApiClient::options_for(const Url& url) {
  return impl_->caller().options_for(url);
}
bool ApiClient::renew_credentials(const HttpRequest& request, const HttpHead& head) {
  return impl_->renew_credentials(request, head);
}
void ApiClient::accepted(const HttpRequest& request) { impl_->accepted(request); }
Sender& ApiClient::sender() { return impl_->caller().sender(); }
void ApiClient::stop() { impl_->caller().sender().stop(); }
const Endpoint& ApiClient::endpoint() const { return impl_->endpoint(); }
std::optional<ServerTrouble> ApiClient::last_trouble() const {
  return impl_->caller().last_trouble();
}

}  // namespace lazylfs::lfs
