// A batch call is a loop around one exchange. Each turn may end it (an answer, a refusal that
// nothing can change) or lead to another: a redirect, credentials that were renewed, a pause after
// 429 or 5xx, or, after 413, two calls with half the objects each.
#include "lfs/api/client.h"

#include <ctime>
#include <deque>
#include <unordered_map>
#include <unordered_set>

#include "lfs/api/authenticator.h"
#include "lfs/api/batch.h"
#include "lfs/api/messages.h"
#include "lfs/api/sender.h"
#include "lfs/api/ssh_authenticate.h"
#include "lfs/base/files.h"
#include "lfs/base/guarded.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"
#include "lfs/http/http_options.h"

namespace lazylfs::lfs {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kRedirectsMax = 5;
constexpr milliseconds kRetryDelayCap{10000};
constexpr const char* kMediaType = "application/vnd.git-lfs+json";

std::int64_t unix_now() { return static_cast<std::int64_t>(std::time(nullptr)); }

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// 501, 507 and 509 are the server's last word.
bool is_worth_retrying(int status) {
  return status == 408 || status == 429 ||
         (status >= 500 && status != 501 && status != 507 && status != 509);
}

bool is_json(const HttpHead& head) {
  const std::string type =
      to_lower(trim(head.header("Content-Type").substr(0, head.header("Content-Type").find(';'))));
  return type.empty() || type == kMediaType || type == "application/json";
}

std::string_view authorization_in(const std::vector<Header>& headers) {
  for (const Header& header : headers) {
    if (equals_ignoring_case(header.name, "Authorization")) return header.value;
  }
  return {};
}

std::vector<ObjectId> without_duplicates(const std::vector<ObjectId>& ids) {
  std::unordered_set<Oid> seen;
  std::vector<ObjectId> result;
  for (const ObjectId& id : ids) {
    if (seen.insert(id.oid).second) result.push_back(id);
  }
  return result;
}

}  // namespace

class ApiClient::Impl {
 public:
  Impl(HttpEngine& engine, const Config& config, Metrics& metrics, ApiClientOptions options)
      : config_(config),
        metrics_(metrics),
        options_(std::move(options)),
        sender_(engine),
        authenticator_(config, metrics, options_) {
    if (options_.endpoint.ssh) {
      ssh_ = std::make_unique<SshAuthenticator>(config, *options_.endpoint.ssh,
                                                options_.repository_folder);
    }
  }

  Result<std::vector<BatchObject>> batch_download(const std::vector<ObjectId>& ids);
  Result<HttpRequest> prepare_download(const Action& action, ByteRange range);
  bool renew_credentials(const HttpRequest& request, const HttpHead& head);
  void stop() { sender_.stop(); }
  const Endpoint& endpoint() const { return options_.endpoint; }
  std::optional<ServerTrouble> last_trouble() const { return *trouble_.lock(); }

 private:
  // One batch call under way.
  struct Call {
    std::vector<ObjectId> objects;
    Clock::time_point deadline;
    int attempts = 0;
    bool ssh_renewed = false;
  };
  // What a response made of the call: nothing means "go round again".
  using Turn = Result<std::optional<HttpResponse>>;

  Result<HttpResponse> call(Call& call);
  Turn take_turn(Call& call);
  Turn after_failure(Call& call, const HttpRequest& request, const Error& error);
  Turn after_response(Call& call, const HttpRequest& request, HttpResponse response,
                      const Grant& grant);
  Turn after_refusal(Call& call, const HttpRequest& request, const HttpResponse& response,
                     const Grant& grant);
  Turn wait_and_retry(Call& call, const Error& error, std::optional<std::int64_t> seconds);
  Result<HttpRequest> batch_request(const Call& call);
  Result<Grant> grant_for(HttpRequest& request);
  Result<HttpResponse> send_following_redirects(const Call& call, HttpRequest& request,
                                                Grant& grant);
  Result<std::shared_ptr<const HttpOptions>> options_for(const Url& url);
  void note_trouble(const Call& call, std::string_view url, const HttpResponse* response,
                    const std::string& message);

  const Config& config_;
  Metrics& metrics_;
  const ApiClientOptions options_;
  Sender sender_;
  Authenticator authenticator_;
  std::unique_ptr<SshAuthenticator> ssh_;
  Guarded<std::optional<ServerTrouble>> trouble_;
};

// Options from the configuration, and the passphrase of an encrypted client key.
Result<std::shared_ptr<const HttpOptions>> ApiClient::Impl::options_for(const Url& url) {
  constexpr std::size_t kKeyBytesMax = 1U << 20U;
  std::shared_ptr<const HttpOptions> options = http_options_for(config_, url);
  if (options->client_key.empty()) return options;
  const Result<std::string> key = read_file(options->client_key, kKeyBytesMax);
  if (!key || key->find("ENCRYPTED") == std::string::npos) return options;
  Url certificate;
  certificate.scheme = "cert";
  certificate.path = options->client_key;
  const Credential passphrase = TRY(authenticator_.credentials().fill(certificate, {}));
  authenticator_.credentials().approve(certificate, passphrase);
  HttpOptions unlocked = *options;
  unlocked.key_passphrase = passphrase.password;
  return std::shared_ptr<const HttpOptions>(
      std::make_shared<const HttpOptions>(std::move(unlocked)));
}

// Adds our credentials to `request` unless it carries some already.
Result<Grant> ApiClient::Impl::grant_for(HttpRequest& request) {
  const bool has_own = !authorization_in(request.headers).empty() ||
                       !authorization_in(request.options->extra_headers).empty();
  const auto url = Url::parse(request.url);
  if (has_own || !url) return Grant{};
  const Grant grant = TRY(authenticator_.authorize(*url));
  if (!grant.authorization.empty()) {
    request.headers.push_back({"Authorization", grant.authorization});
  }
  if (grant.negotiate) {
    HttpOptions options = *request.options;
    options.negotiate = true;
    request.options = std::make_shared<const HttpOptions>(std::move(options));
  }
  return grant;
}

Result<HttpRequest> ApiClient::Impl::batch_request(const Call& call) {
  std::string base = options_.endpoint.url;
  std::vector<Header> headers;
  if (ssh_ != nullptr) {
    SshGrant grant = TRY(ssh_->get(Operation::download));
    if (!grant.href.empty()) base = grant.href;
    headers = std::move(grant.headers);
  }
  auto url = Url::parse(base);
  if (!url || (url->scheme != "http" && url->scheme != "https")) {
    return Error(Errc::unsupported, "no batch API at " + redact_url(base));
  }
  url->path += "/objects/batch";
  HttpRequest request;
  request.method = "POST";
  request.url = url->text_without_credentials();
  request.options = TRY(options_for(*url));
  request.headers = std::move(headers);
  request.headers.push_back({"Accept", kMediaType});
  request.headers.push_back({"Content-Type", std::string(kMediaType) + "; charset=utf-8"});
  BatchRequest body;
  body.objects = call.objects;
  body.transfers = {"basic"};
  body.ref = options_.ref;
  request.body = encode_batch_request(body);
  return request;
}

Result<HttpResponse> ApiClient::Impl::send_following_redirects(const Call& call,
                                                               HttpRequest& request, Grant& grant) {
  for (int redirects = 0;; ++redirects) {
    const HttpRequest bare = request;  // without credentials: they are chosen for each host
    grant = TRY(grant_for(request));
    HttpResponse response = TRY(sender_.send(request, kBatchReplyBytesMax, call.deadline));
    if (!is_redirect(response.head.status) || response.head.header("Location").empty()) {
      return response;
    }
    if (redirects == kRedirectsMax) {
      return Error(Errc::invalid, "too many redirects from " + redact_url(request.url));
    }
    HttpRequest next = TRY(ApiClient::follow_redirect(bare, response.head));
    const auto url = Url::parse(next.url);
    if (!url) return Error(Errc::invalid, "a redirect to a malformed address");
    next.options = TRY(options_for(*url));
    TRACE(TraceArea::general, "api: redirect " << request.method << ' ' << redact_url(request.url)
                                               << " to " << redact_url(next.url));
    request = std::move(next);
  }
}

ApiClient::Impl::Turn ApiClient::Impl::take_turn(Call& call) {
  ++call.attempts;
  HttpRequest request = TRY(batch_request(call));
  TRACE(TraceArea::general, "tq: sending batch of size " << call.objects.size());
  metrics_.add(Counter::batch_calls);
  const auto started = Clock::now();
  Grant grant;
  Result<HttpResponse> response = send_following_redirects(call, request, grant);
  metrics_.record(Latency::batch_call, Clock::now() - started);
  if (!response) return after_failure(call, request, response.error());
  TRACE(TraceArea::curl, redact_json(response->body));
  return after_response(call, request, std::move(*response), grant);
}

ApiClient::Impl::Turn ApiClient::Impl::after_failure(Call& call, const HttpRequest& request,
                                                     const Error& error) {
  if (error.code() == Errc::cancelled) return error;
  note_trouble(call, request.url, nullptr, error.message());
  if (error.code() != Errc::transient) return error;
  return wait_and_retry(call, error, std::nullopt);
}

ApiClient::Impl::Turn ApiClient::Impl::after_response(Call& call, const HttpRequest& request,
                                                      HttpResponse response, const Grant& grant) {
  const int status = response.head.status;
  if (status >= 200 && status < 300) {
    if (const auto url = Url::parse(request.url)) authenticator_.accepted(*url, grant);
    if (!is_json(response.head)) {
      const Error error(Errc::corrupt, redact_url(request.url) +
                                           " does not answer as an LFS server does (" +
                                           presentable(response.head.header("Content-Type"), 100) +
                                           "): check lfs.url");
      note_trouble(call, request.url, &response, error.message());
      return error;
    }
    return std::optional<HttpResponse>(std::move(response));
  }
  const Error error = status_error(response.head, response.body, request.url);
  note_trouble(call, request.url, &response, error.message());
  if (status == 413 && call.objects.size() > 1) {
    return std::optional<HttpResponse>(std::move(response));
  }
  if (status == 401) return after_refusal(call, request, response, grant);
  if (!is_worth_retrying(status)) return error;
  return wait_and_retry(call, error, retry_after_seconds(response.head));
}

ApiClient::Impl::Turn ApiClient::Impl::after_refusal(Call& call, const HttpRequest& request,
                                                     const HttpResponse& response,
                                                     const Grant& grant) {
  const auto url = Url::parse(request.url);
  const bool carried_own = grant.authorization.empty() && !grant.negotiate &&
                           (!authorization_in(request.headers).empty() ||
                            !authorization_in(request.options->extra_headers).empty());
  if (!carried_own && url) {
    TRY(authenticator_.refused(*url, grant, response.head));
    return std::optional<HttpResponse>();
  }
  // What git-lfs-authenticate gave may just have expired.
  if (ssh_ != nullptr && !std::exchange(call.ssh_renewed, true)) {
    ssh_->forget();
    return std::optional<HttpResponse>();
  }
  return status_error(response.head, response.body, request.url);
}

ApiClient::Impl::Turn ApiClient::Impl::wait_and_retry(Call& call, const Error& error,
                                                      std::optional<std::int64_t> seconds) {
  const milliseconds delay = seconds ? milliseconds(std::chrono::seconds(*seconds))
                                     : backoff_delay(call.attempts, kRetryDelayCap);
  if (Clock::now() + delay >= call.deadline) {
    return Error(Errc::timed_out, "gave up after " + std::to_string(call.attempts) +
                                      (call.attempts == 1 ? " attempt: " : " attempts: ") +
                                      error.message());
  }
  metrics_.add(Counter::http_retries);
  if (!sender_.pause(delay)) return Error(Errc::cancelled, "stopped");
  return std::optional<HttpResponse>();
}

Result<HttpResponse> ApiClient::Impl::call(Call& call) {
  while (true) {
    std::optional<HttpResponse> response = TRY(take_turn(call));
    if (response) return std::move(*response);
    if (Clock::now() >= call.deadline) {
      return Error(Errc::timed_out, "no answer from " + redact_url(options_.endpoint.url));
    }
  }
}

Result<std::vector<BatchObject>> ApiClient::Impl::batch_download(const std::vector<ObjectId>& ids) {
  if (ids.empty()) return std::vector<BatchObject>();
  const auto deadline = Clock::now() + options_.batch_deadline;
  metrics_.add(Counter::batch_objects, ids.size());
  std::unordered_map<Oid, Result<Action>> answers;
  std::deque<std::vector<ObjectId>> waiting = {without_duplicates(ids)};
  while (!waiting.empty()) {
    Call one;
    one.objects = std::move(waiting.front());
    one.deadline = deadline;
    waiting.pop_front();
    const HttpResponse response = TRY(call(one));
    if (response.head.status == 413) {
      const auto middle = one.objects.begin() + static_cast<std::ptrdiff_t>(one.objects.size() / 2);
      waiting.emplace_back(one.objects.begin(), middle);
      waiting.emplace_back(middle, one.objects.end());
      continue;
    }
    Result<std::vector<BatchObject>> objects =
        parse_batch_response(response.body, one.objects, unix_now());
    if (!objects) {
      note_trouble(one, options_.endpoint.url, &response, objects.error().message());
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

void ApiClient::Impl::note_trouble(const Call& call, std::string_view url,
                                   const HttpResponse* response, const std::string& message) {
  ServerTrouble trouble;
  if (const auto parsed = Url::parse(url)) {
    trouble.host = parsed->host + (parsed->port ? ":" + std::to_string(*parsed->port) : "");
  }
  trouble.attempts = call.attempts;
  trouble.message = message;
  if (response != nullptr) {
    trouble.status = response->head.status;
    trouble.request_id = request_id_of(response->head, response->body);
  }
  *trouble_.lock() = std::move(trouble);
}

Result<HttpRequest> ApiClient::Impl::prepare_download(const Action& action, ByteRange range) {
  HttpRequest request;
  request.url = config_.get_bool("lfs.transfer.enablehrefrewrite", false)
                    ? config_.rewrite_url(action.href, false)
                    : action.href;
  const auto url = Url::parse(request.url);
  if (!url) return Error(Errc::invalid, "malformed address: " + redact_url(request.url));
  request.headers = action.headers;
  request.range = range;
  request.options = TRY(options_for(*url));
  if (!action.authenticated) TRY(grant_for(request));
  return request;
}

bool ApiClient::Impl::renew_credentials(const HttpRequest& request, const HttpHead& head) {
  const auto url = Url::parse(request.url);
  if (head.status != 401 || !url) return false;
  Grant sent;
  sent.authorization = std::string(authorization_in(request.headers));
  sent.negotiate = request.options != nullptr && request.options->negotiate;
  const Result<void> renewed = authenticator_.refused(*url, sent, head);
  if (!renewed) {
    ServerTrouble trouble;
    trouble.host = url->host;
    trouble.status = head.status;
    trouble.request_id = request_id_of(head, "");
    trouble.message = renewed.error().message();
    *trouble_.lock() = std::move(trouble);
  }
  return renewed.has_value();
}

ApiClient::ApiClient(HttpEngine& engine, const Config& config, Metrics& metrics,
                     ApiClientOptions options)
    : impl_(std::make_unique<Impl>(engine, config, metrics, std::move(options))) {}
ApiClient::~ApiClient() = default;

Result<std::vector<BatchObject>> ApiClient::batch_download(const std::vector<ObjectId>& ids) {
  return impl_->batch_download(ids);
}
Result<HttpRequest> ApiClient::prepare_download(const Action& action, ByteRange range) {
  return impl_->prepare_download(action, range);
}
bool ApiClient::renew_credentials(const HttpRequest& request, const HttpHead& head) {
  return impl_->renew_credentials(request, head);
}
void ApiClient::stop() { impl_->stop(); }
const Endpoint& ApiClient::endpoint() const { return impl_->endpoint(); }
std::optional<ServerTrouble> ApiClient::last_trouble() const { return impl_->last_trouble(); }

}  // namespace lazylfs::lfs
