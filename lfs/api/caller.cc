// A call is a loop around one exchange. Each turn may end it (an answer, a refusal that nothing can
// change) or lead to another: a redirect, credentials that were renewed, a pause after 429 or 5xx.
#include "lfs/api/caller.h"

#include "lfs/api/batch.h"
#include "lfs/api/messages.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/http/http_options.h"

namespace lazylfs::lfs {
namespace {

using std::chrono::milliseconds;

constexpr int kRedirectsMax = 5;
constexpr milliseconds kRetryDelayCap{10000};
constexpr const char* kMediaType = "application/vnd.git-lfs+json";

// 501, 507 and 509 are the server's last word.
bool is_worth_retrying(int status) {
  return status == 408 || status == 429 ||
         (status >= 500 && status != 501 && status != 507 && status != 509);
}

}  // namespace

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

ApiCaller::ApiCaller(HttpEngine& engine, const Config& config, Metrics& metrics,
                     const ApiClientOptions& options)
    : config_(config),
      metrics_(metrics),
      options_(options),
      sender_(engine),
      authenticator_(config, metrics, options) {
  if (options_.endpoint.ssh) {
    ssh_ = std::make_unique<SshAuthenticator>(config, *options_.endpoint.ssh,
                                              options_.repository_folder);
  }
}

// Reading them from the configuration takes longer than sending a small request.
Result<std::shared_ptr<const HttpOptions>> ApiCaller::options_for(const Url& url) {
  constexpr std::size_t kKnownMax = 64;
  const std::string key = url.scheme + "://" + url.user + "@" + url.host + ":" +
                          std::to_string(url.effective_port()) +
                          url.path.substr(0, url.path.rfind('/') + 1);
  {
    auto known = known_options_.lock();
    const auto found = known->find(key);
    if (found != known->end()) return found->second;
  }
  std::shared_ptr<const HttpOptions> made = TRY(make_options_for(url));
  auto known = known_options_.lock();
  if (known->size() >= kKnownMax) known->clear();
  (*known)[key] = made;
  return made;
}

Result<std::shared_ptr<const HttpOptions>> ApiCaller::make_options_for(const Url& url) {
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

Result<Grant> ApiCaller::grant_for(HttpRequest& request) {
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

Result<HttpRequest> ApiCaller::make_request(const ApiCall& call) {
  std::string base = options_.endpoint.url;
  std::vector<Header> headers;
  if (ssh_ != nullptr) {
    SshGrant grant = TRY(ssh_->get(call.operation));
    if (!grant.href.empty()) base = grant.href;
    headers = std::move(grant.headers);
  }
  auto url = Url::parse(base);
  if (!url || (url->scheme != "http" && url->scheme != "https")) {
    return Error(Errc::unsupported, "missing protocol: \"" + redact_url(base) + "\"");
  }
  std::string_view query = call.path;
  url->path += take_until(query, '?');
  if (!query.empty()) url->query = std::string(query);
  HttpRequest request;
  request.method = call.method;
  request.purpose = call.purpose;
  request.url = url->text_without_credentials();
  request.options = TRY(options_for(*url));
  request.headers = std::move(headers);
  request.headers.push_back({"Accept", kMediaType});
  request.accept_encoding = kGzip;
  if (call.method != "GET") {
    request.headers.push_back({"Content-Type", std::string(kMediaType) + "; charset=utf-8"});
    request.body = call.body;
  }
  return request;
}

Result<ApiResponse> ApiCaller::send_following_redirects(const Attempts& attempts,
                                                        HttpRequest& request, Grant& grant) {
  for (int redirects = 0;; ++redirects) {
    const HttpRequest bare = request;  // without credentials: they are chosen for each host
    grant = TRY(grant_for(request));
    HttpResponse response = TRY(sender_.send(request, kBatchReplyBytesMax, attempts.deadline));
    if (!response.head.is_redirect() || response.head.header("Location").empty()) {
      return ApiResponse{std::move(response.head), std::move(response.body), request.url,
                         request.method};
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

ApiCaller::Turn ApiCaller::take_turn(const ApiCall& call, Attempts& attempts) {
  ++attempts.count;
  HttpRequest request = TRY(make_request(call));
  Grant grant;
  Result<ApiResponse> response = send_following_redirects(attempts, request, grant);
  if (!response) return after_failure(call, attempts, request, response.error());
  if (trace_enabled(TraceArea::curl)) verbose_line(redact_json(response->body));
  return after_response(call, attempts, request, std::move(*response), grant);
}

ApiCaller::Turn ApiCaller::after_failure(const ApiCall& call, Attempts& attempts,
                                         const HttpRequest& request, const Error& error) {
  if (error.code() == Errc::cancelled) return error;
  note_trouble(attempts.count, request.url, nullptr, error.message());
  if (error.code() != Errc::transient || !call.retry) return error;
  return wait_and_retry(attempts, error, std::nullopt);
}

ApiCaller::Turn ApiCaller::after_response(const ApiCall& call, Attempts& attempts,
                                          const HttpRequest& request, ApiResponse response,
                                          const Grant& grant) {
  const int status = response.head.status;
  if (status >= 200 && status < 300) {
    if (const auto url = Url::parse(request.url)) authenticator_.accepted(*url, grant);
    return std::optional<ApiResponse>(std::move(response));
  }
  const Error error = status_error(response.head, response.body, request.url);
  note_trouble(attempts.count, request.url, &response, error.message());
  if (status == 401) return after_refusal(attempts, request, response, grant);
  if (!call.retry || !is_worth_retrying(status)) {
    return std::optional<ApiResponse>(std::move(response));
  }
  return wait_and_retry(attempts, error, retry_after_seconds(response.head));
}

ApiCaller::Turn ApiCaller::after_refusal(Attempts& attempts, const HttpRequest& request,
                                         const ApiResponse& response, const Grant& grant) {
  const auto url = Url::parse(request.url);
  const bool carried_own = grant.authorization.empty() && !grant.negotiate &&
                           (!authorization_in(request.headers).empty() ||
                            !authorization_in(request.options->extra_headers).empty());
  if (!carried_own && url) {
    TRY(authenticator_.refused(*url, grant, response.head));
    return std::optional<ApiResponse>();
  }
  // What git-lfs-authenticate gave may just have expired.
  if (ssh_ != nullptr && !std::exchange(attempts.ssh_renewed, true)) {
    ssh_->forget();
    return std::optional<ApiResponse>();
  }
  return status_error(response.head, response.body, request.url);
}

ApiCaller::Turn ApiCaller::wait_and_retry(const Attempts& attempts, const Error& error,
                                          std::optional<std::int64_t> seconds) {
  const milliseconds delay = seconds ? milliseconds(std::chrono::seconds(*seconds))
                                     : backoff_delay(attempts.count, kRetryDelayCap);
  if (Clock::now() + delay >= attempts.deadline) {
    return Error(Errc::timed_out, "gave up after " + std::to_string(attempts.count) +
                                      (attempts.count == 1 ? " attempt: " : " attempts: ") +
                                      error.message());
  }
  metrics_.add(Counter::http_retries);
  if (!sender_.pause(delay)) return Error(Errc::cancelled, "stopped");
  return std::optional<ApiResponse>();
}

Result<ApiResponse> ApiCaller::run(const ApiCall& call, Attempts& attempts) {
  while (true) {
    std::optional<ApiResponse> response = TRY(take_turn(call, attempts));
    if (response) return std::move(*response);
    if (Clock::now() >= attempts.deadline) {
      return Error(Errc::timed_out, "no answer from " + redact_url(options_.endpoint.url));
    }
  }
}

void ApiCaller::note_trouble(int attempts, std::string_view url, const ApiResponse* response,
                             const std::string& message) {
  ServerTrouble trouble;
  if (const auto parsed = Url::parse(url)) {
    trouble.host = parsed->host + (parsed->port ? ":" + std::to_string(*parsed->port) : "");
  }
  trouble.attempts = attempts;
  trouble.message = message;
  if (response != nullptr) {
    trouble.status = response->head.status;
    trouble.request_id = request_id_of(response->head, response->body);
  }
  set_trouble(std::move(trouble));
}

}  // namespace lazylfs::lfs
