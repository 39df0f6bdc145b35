// One libcurl multi handle on its own thread: connection reuse, HTTP/2, TLS, proxies, ranges.
//
// The engine sends exactly one request per submit(): it follows no redirects, retries nothing and
// knows no credentials but those in the headers it is given. lfs/api adds those.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lfs/base/fd.h"
#include "lfs/base/fetch.h"
#include "lfs/base/metrics.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"

namespace lazylfs::lfs {

struct Header {
  std::string name, value;
};

// How to reach a host; made from the configuration by http_options_for() in http_options.h.
struct HttpOptions {
  bool verify_tls = true;
  std::string ca_file, ca_folder;  // empty: the system's
  std::string ca_pem;              // certificates as PEM text, instead of a file
  std::string client_cert, client_key, key_passphrase;
  std::string proxy;  // empty: from the environment; "none" for none
  std::string no_proxy;
  std::string http_version;  // "", "HTTP/1.1" or "HTTP/2"
  std::string cookie_file;
  std::vector<Header> extra_headers;
  std::chrono::milliseconds connect_timeout{30000};  // TCP and TLS
  std::chrono::milliseconds stall_timeout{30000};    // no byte for so long: Errc::transient
  std::chrono::seconds keep_alive{1800};
  bool negotiate = false;  // SPNEGO through GSS-API
  // Of all bodies of the engine together, in both directions; 0: no limit. The last request's
  // counts.
  std::uint64_t bytes_per_second_max = 0;
};

// A part of a file as a request's body. Read on the engine's thread as the connection takes it.
struct FileBody {
  std::shared_ptr<const Fd> file;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

constexpr const char* kGzip = "gzip";

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<Header> headers;  // added to, and overriding, options.extra_headers
  std::string body;             // sent with Content-Length when method is not GET or HEAD
  // Instead of `body`; sent in chunks when a header says "Transfer-Encoding: chunked".
  std::optional<FileBody> file_body;
  std::string accept_encoding;  // what the answer may be packed with; on_body gets it unpacked
  std::optional<ByteRange> range;
  std::shared_ptr<const HttpOptions> options;  // never null
  Priority priority = Priority::demand;        // which waiting request gets the next connection
  std::string purpose;  // what GIT_LOG_STATS calls it ("lfs.batch"); empty: it logs nothing of it
};

struct HttpHead {
  int status = 0;
  std::string version;  // "HTTP/1.1"
  std::vector<Header> headers;

  // The first value, case-insensitively; empty when absent.
  std::string_view header(std::string_view name) const;
  // 301, 302, 303, 307 or 308; a Location may be missing all the same.
  bool is_redirect() const;
};

// What a request reports. All calls come from the engine's thread; they must be quick and must not
// block on the network. Order: on_head, on_body*, on_done; only on_done is certain.
struct HttpHandlers {
  // An error aborts the request with that error.
  std::function<Result<void>(const HttpHead&)> on_head;
  std::function<Result<void>(std::span<const std::byte>)> on_body;
  // Bytes of the file_body that were taken so far; begins again when the body is sent again.
  std::function<void(std::uint64_t)> on_sent;
  // Success means that the response arrived whole (any status); otherwise transient, timed_out,
  // unreachable (no route, name not found, refused), denied (TLS), cancelled, or a handler's error.
  std::function<void(Result<void>)> on_done;
};

struct HttpResponse {
  HttpHead head;
  std::string body;
};

using RequestId = std::uint64_t;

class StatsLog;

// Thread-safe. One for each process that talks HTTP.
class HttpEngine {
 public:
  struct Limits {
    int connections_per_host = 24;
    int connections_total = 64;
  };

  explicit HttpEngine(Metrics& metrics) : HttpEngine(metrics, Limits{}) {}
  HttpEngine(Metrics& metrics, Limits limits);
  HttpEngine(const HttpEngine&) = delete;
  HttpEngine& operator=(const HttpEngine&) = delete;
  ~HttpEngine();  // cancels what is under way, then joins the thread

  // Where requests are logged; may be null. Before the first request.
  void set_stats_log(std::unique_ptr<StatsLog> log);

  RequestId submit(HttpRequest request, HttpHandlers handlers);
  // Its on_done gets Errc::cancelled, soon. Unknown and finished ids are ignored. May be called
  // from a handler.
  void cancel(RequestId id);
  void raise(RequestId id, Priority priority);

  // submit() and wait. Errc::invalid when the body is larger than `body_bytes_max`.
  // Must not be called from a handler.
  Result<HttpResponse> perform(HttpRequest request, std::size_t body_bytes_max);

  // Runs `task` on the engine's thread after `delay`: for retries and deadlines. Tasks that are not
  // due when the engine ends are dropped.
  void run_after(std::chrono::milliseconds delay, std::function<void()> task);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lazylfs::lfs
