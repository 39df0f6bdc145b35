// The LFS API of one endpoint: batch calls with authentication, redirects and retries.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lfs/api/endpoint.h"
#include "lfs/base/json.h"
#include "lfs/base/metrics.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"
#include "lfs/base/url.h"
#include "lfs/git/config.h"
#include "lfs/http/engine.h"

namespace lazylfs::lfs {

class Sender;

// What the server says to do for one object.
struct Action {
  std::string href;
  std::vector<Header> headers;
  std::optional<std::int64_t> expires_at;  // seconds since 1970, from expires_in or expires_at
  bool authenticated = false;              // send no credentials of ours
};

// The server's answer for one object: an action, or why not.
struct BatchObject {
  ObjectId id;
  Result<Action> download = Error(Errc::not_found, "no action");
};

// The story of a failed or slow exchange, for `why` and user.lfs.last_error. No secrets.
struct ServerTrouble {
  std::string host;
  int status = 0;          // 0: no response
  std::string request_id;  // X-Request-Id or the body's request_id
  int attempts = 0;
  std::string message;
};

// One call of the API, for example {Operation::upload, "POST", "/locks", R"({"path":"a"})"}.
struct ApiCall {
  Operation operation = Operation::download;  // what git-lfs-authenticate is asked for
  std::string method = "GET";
  std::string path;     // below the endpoint; may end in "?query", already encoded
  std::string body;     // JSON; not sent with GET
  std::string purpose;  // HttpRequest::purpose
  bool retry = false;   // 429, 5xx and broken connections, until the client's deadline
};

// A response of any status.
struct ApiResponse {
  HttpHead head;
  std::string body;
  std::string url;  // that gave it, after redirects
  std::string method = "POST";

  bool is_success() const;
  // The refusal in git-lfs's words; only when it is no success.
  Error error() const;
  // The body of a success. Errc::corrupt when it is no JSON; error() when it is no success.
  Result<Json> json() const;
};

struct ApiClientOptions {
  Endpoint endpoint;
  std::string remote;             // for credentials and messages
  std::string ref;                // "refs/heads/main"; empty: none is sent
  std::string repository_folder;  // where `git credential` and `git config` run; may be empty
  bool interactive = false;       // may prompt on the terminal
  std::chrono::milliseconds batch_deadline{60000};
};

// Thread-safe. Calls block; run them on threads that may.
class ApiClient {
 public:
  // `engine` and `config` must outlive the client.
  ApiClient(HttpEngine& engine, const Config& config, Metrics& metrics, ApiClientOptions options);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  // One exchange, with credentials asked for when the server wants them, and redirects followed.
  // Any status that remains is a response, except a 401 that nothing helps against (denied).
  // Other errors: unreachable, transient, timed_out, cancelled, unsupported (no http endpoint).
  Result<ApiResponse> call(const ApiCall& call);

  // One POST …/objects/batch (split when the server answers 413), download. One BatchObject for
  // each id, in the same order; an object that the reply forgets is Errc::not_found. Retries 429
  // (Retry-After), 5xx and broken connections with jittered back-off until the deadline.
  // Errors: denied (401 after asking, 403), not_found (404: no such repository), unreachable,
  // timed_out, corrupt (a reply that is no batch reply, or too large), unsupported (hash_algo).
  Result<std::vector<BatchObject>> batch_download(const std::vector<ObjectId>& ids);

  // Prepares a GET of `action`: its headers, options for its host, and credentials when the
  // server did not say "authenticated" and the access mode of that URL asks for them. Blocks only
  // when credentials must be asked for.
  Result<HttpRequest> prepare_download(const Action& action, ByteRange range);

  // The same for any request that `action` describes; the caller adds method and body.
  Result<HttpRequest> prepare(const Action& action, Operation operation);
  // How to reach the host of `url`; asks for the passphrase of an encrypted client key.
  Result<std::shared_ptr<const HttpOptions>> options_for(const Url& url);
  // Storage took the credentials that prepare() gave: they are remembered.
  void accepted(const HttpRequest& request);
  // For requests that stop() shall end, too.
  Sender& sender();

  // Storage answered 401 or 403 to `request`: forgets or asks for credentials of that URL. True
  // when a new try of prepare_download() makes sense. One flight for concurrent callers.
  bool renew_credentials(const HttpRequest& request, const HttpHead& head);

  // Where a redirect leads: the same request for the Location's URL, without any header that may
  // hold a secret when the origin changes. Errc::denied for https → http; Errc::invalid for a
  // scheme other than http(s).
  static Result<HttpRequest> follow_redirect(const HttpRequest& request, const HttpHead& head);

  // Ends calls under way and refuses later ones, with Errc::cancelled. Programs that ask for
  // credentials run on until their own deadline.
  void stop();

  const Endpoint& endpoint() const;
  // The last failed exchange, if any.
  std::optional<ServerTrouble> last_trouble() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Retry-After in seconds (number or HTTP date), if there is one.
std::optional<std::int64_t> retry_after_seconds(const HttpHead& head);

// A full-jitter delay before attempt `attempt` (1 = first retry): random in
// [base/2, base], base = min(250 ms · 2^(attempt-1), cap).
std::chrono::milliseconds backoff_delay(int attempt, std::chrono::milliseconds cap);

}  // namespace lazylfs::lfs
