#include "lfs/http/exchange.h"

#include <algorithm>
#include <array>

#include "lfs/base/fd.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"
#include "lfs/base/version.h"
#include "lfs/http/dump.h"
#include "lfs/http/proxy.h"
#include "lfs/http/stats_log.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kHeaderBytesMax = 256U << 10U;
constexpr long kReceiveBufferBytes = 512L << 10;         // libcurl's maximum: fewer, longer reads
constexpr const char* kUserAgent = kVersionLine.data();  // a literal, hence NUL-terminated

// So that one turn of a slow, limited transfer is a fraction of a second.
long buffer_bytes(long wanted, std::uint64_t bytes_per_second_max) {
  constexpr long kBytesMin = 16L << 10;
  if (bytes_per_second_max == 0) return wanted;
  const auto fraction = std::min<std::uint64_t>(bytes_per_second_max / 16, 1U << 30U);
  return std::clamp(static_cast<long>(fraction), kBytesMin, wanted);
}

bool traces_http() { return trace_enabled(TraceArea::general) || trace_enabled(TraceArea::http); }

bool is_plain_header(const Header& header) {
  constexpr std::string_view kForbidden("\r\n\0", 3);
  return !header.name.empty() && header.name.find_first_of(kForbidden) == std::string::npos &&
         header.name.find(':') == std::string::npos &&
         header.value.find_first_of(kForbidden) == std::string::npos;
}

bool names_header(const std::vector<Header>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const Header& header) { return equals_ignoring_case(header.name, name); });
}

void append_header(HeaderList& list, const Header& header) {
  // libcurl reads "Name:" as "remove this header" and "Name;" as "send it empty".
  const std::string line =
      header.value.empty() ? header.name + ";" : header.name + ": " + header.value;
  if (curl_slist* longer = curl_slist_append(list.get(), line.c_str()); longer != nullptr) {
    (void)list.release();
    list.reset(longer);
  }
}

void trace_decoding(const HttpHead& head) {
  const std::string_view encoding = head.header("Content-Encoding");
  if (!traces_http() || encoding.empty()) return;
  if (equals_ignoring_case(encoding, "gzip")) trace_line("http: decompressed gzipped response");
  if (equals_ignoring_case(encoding, "zstd")) {
    trace_line("http: initialized zstd decoder");
    trace_line("decompressing zstd-encoded response");
  }
}

struct CodeMeaning {
  CURLcode code;
  Errc errc;
};
constexpr std::array<CodeMeaning, 15> kMeanings = {{
    {CURLE_URL_MALFORMAT, Errc::invalid},
    {CURLE_UNSUPPORTED_PROTOCOL, Errc::invalid},
    {CURLE_COULDNT_RESOLVE_HOST, Errc::unreachable},
    {CURLE_COULDNT_RESOLVE_PROXY, Errc::unreachable},
    {CURLE_COULDNT_CONNECT, Errc::unreachable},
    {CURLE_INTERFACE_FAILED, Errc::unreachable},
    {CURLE_OPERATION_TIMEDOUT, Errc::timed_out},
    {CURLE_PEER_FAILED_VERIFICATION, Errc::denied},
    {CURLE_SSL_CACERT_BADFILE, Errc::denied},
    {CURLE_SSL_CERTPROBLEM, Errc::denied},
    {CURLE_SSL_CIPHER, Errc::denied},
    {CURLE_SSL_ISSUER_ERROR, Errc::denied},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, Errc::denied},
    {CURLE_OUT_OF_MEMORY, Errc::io},
    {CURLE_SSL_CONNECT_ERROR, Errc::denied},
}};

Errc meaning_of(CURLcode code, long os_errno) {
  // A connection that breaks in the middle of a handshake is no verdict on a certificate.
  if (code == CURLE_SSL_CONNECT_ERROR && os_errno != 0) return Errc::transient;
  for (const CodeMeaning& entry : kMeanings) {
    if (entry.code == code) return entry.errc;
  }
  return Errc::transient;
}

ExchangeFigures figures_of(CURL* easy, int status) {
  using std::chrono::nanoseconds;
  const auto time = [easy](CURLINFO which) {
    curl_off_t microseconds = 0;
    curl_easy_getinfo(easy, which, &microseconds);
    return std::chrono::microseconds(microseconds);
  };
  const auto between = [&](CURLINFO begin, CURLINFO end) {
    return std::max(nanoseconds(time(end) - time(begin)), nanoseconds(0));
  };
  ExchangeFigures figures;
  long connections = 0;
  curl_off_t body_bytes = 0;
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
  curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &body_bytes);
  figures.status = status;
  figures.body_bytes = static_cast<std::uint64_t>(body_bytes);
  if (connections > 0) {
    figures.name_lookup = time(CURLINFO_NAMELOOKUP_TIME_T);
    figures.connect = between(CURLINFO_NAMELOOKUP_TIME_T, CURLINFO_CONNECT_TIME_T);
    figures.tls = between(CURLINFO_CONNECT_TIME_T, CURLINFO_APPCONNECT_TIME_T);
  }
  figures.first_byte = between(CURLINFO_PRETRANSFER_TIME_T, CURLINFO_STARTTRANSFER_TIME_T);
  figures.total = time(CURLINFO_TOTAL_TIME_T);
  return figures;
}

}  // namespace

Exchange::Exchange(RequestId id, HttpRequest request, HttpHandlers handlers, Metrics& metrics)
    : id_(id),
      request_(std::move(request)),
      handlers_(std::move(handlers)),
      metrics_(metrics),
      error_text_(CURL_ERROR_SIZE, '\0') {
  if (request_.options == nullptr) request_.options = std::make_shared<const HttpOptions>();
  if (const auto url = Url::parse(request_.url)) {
    host_key_ = url->scheme + "://" + url->host + ":" + std::to_string(url->effective_port());
  }
}

Result<void> Exchange::check() const {
  const auto url = Url::parse(request_.url);
  const bool http = url && (url->scheme == "http" || url->scheme == "https") && !url->host.empty();
  if (!http) return Error(Errc::invalid, "not an HTTP URL: " + redact_url(request_.url));
  if (request_.range && request_.range->empty()) return Error(Errc::invalid, "empty range");
  for (const auto* headers : {&request_.headers, &request_.options->extra_headers}) {
    if (!std::all_of(headers->begin(), headers->end(), is_plain_header)) {
      return Error(Errc::invalid,
                   "a header of " + redact_url(request_.url) + " has a line break or NUL in it");
    }
  }
  return {};
}

void Exchange::start(Easy easy, RateLimit& limit, StatsLog* log) {
  easy_ = std::move(easy);
  limit_ = &limit;
  log_ = log;
  limit.set(request_.options->bytes_per_second_max, Clock::now());
  curl_easy_reset(easy_.get());
  set_request();
  set_headers();
  set_connection();
  set_tls();
  set_authentication();
  if (trace_enabled(TraceArea::curl)) dump_exchange(easy_.get());
  if (traces_http()) trace_line("HTTP: " + request_.method + " " + redact_url(request_.url));
  if (log_ != nullptr) log_->request(request_);
  metrics_.add(Counter::http_requests);
  started_ = last_activity_ = Clock::now();
}

Easy Exchange::take_easy() {
  if (log_ != nullptr) log_->response(request_, figures_of(easy_.get(), head_.status));
  return std::move(easy_);
}

void Exchange::set_request() {
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Exchange::on_header_line);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Exchange::on_body_bytes);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  if (request_.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request_.file_body) {
    set_file_body();
  } else if (request_.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data());
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  if (request_.range) {
    const std::string range =
        std::to_string(request_.range->offset) + "-" + std::to_string(request_.range->end() - 1);
    curl_easy_setopt(easy, CURLOPT_RANGE, range.c_str());
  }
}

void Exchange::set_file_body() {
  constexpr long kSendBufferBytes = 256L << 10;
  CURL* easy = easy_.get();
  const bool chunked =
      std::any_of(request_.headers.begin(), request_.headers.end(), [](const Header& header) {
        return equals_ignoring_case(header.name, "Transfer-Encoding") &&
               equals_ignoring_case(trim(header.value), "chunked");
      });
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE,
                   buffer_bytes(kSendBufferBytes, request_.options->bytes_per_second_max));
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Exchange::on_body_wanted);
  curl_easy_setopt(easy, CURLOPT_READDATA, this);
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &Exchange::on_rewind);
  curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
  curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
                   chunked ? curl_off_t{-1} : static_cast<curl_off_t>(request_.file_body->bytes));
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

bool Exchange::must_pause() {
  paused_ = limit_ != nullptr && !limit_->allows(Clock::now());
  return paused_;
}

CURLcode Exchange::go_on() {
  paused_ = false;
  return curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
}

std::size_t Exchange::on_body_wanted(char* into, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const FileBody& body = *exchange.request_.file_body;
  const std::size_t wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(size * count, body.bytes - exchange.body_read_));
  exchange.last_activity_ = Clock::now();
  if (wanted == 0) return 0;
  if (exchange.must_pause()) return CURL_READFUNC_PAUSE;
  const Result<std::size_t> got =
      pread_full(body.file->get(), std::as_writable_bytes(std::span<char>(into, wanted)),
                 body.offset + exchange.body_read_);
  if (!got || *got < wanted) {
    exchange.handler_error_ =
        got ? Error(Errc::corrupt, "the file became shorter while it was sent") : got.error();
    return CURL_READFUNC_ABORT;
  }
  exchange.body_read_ += wanted;
  exchange.limit_->moved(wanted);
  if (exchange.handlers_.on_sent) exchange.handlers_.on_sent(exchange.body_read_);
  return wanted;
}

int Exchange::on_rewind(void* self, curl_off_t offset, int origin) {
  auto& exchange = *static_cast<Exchange*>(self);
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  exchange.body_read_ = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

void Exchange::set_headers() {
  for (const Header& header : request_.options->extra_headers) {
    if (!names_header(request_.headers, header.name)) append_header(header_list_, header);
  }
  for (const Header& header : request_.headers) append_header(header_list_, header);
  // A range of a compressed representation would not be a range of the object.
  if (request_.range && !names_header(request_.headers, "Accept-Encoding")) {
    append_header(header_list_, {"Accept-Encoding", "identity"});
  }
  std::string_view unwanted[] = {"Expect:", "Content-Type:"};
  for (const std::string_view line : unwanted) {
    if (names_header(request_.headers, line.substr(0, line.size() - 1))) continue;
    curl_slist* longer = curl_slist_append(header_list_.get(), line.data());
    if (longer == nullptr) continue;
    (void)header_list_.release();
    header_list_.reset(longer);
  }
  if (!request_.accept_encoding.empty() && !request_.range) {
    curl_easy_setopt(easy_.get(), CURLOPT_ACCEPT_ENCODING, request_.accept_encoding.c_str());
  }
  curl_easy_setopt(easy_.get(), CURLOPT_USERAGENT, kUserAgent);
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, header_list_.get());
}

void Exchange::set_connection() {
  CURL* easy = easy_.get();
  const HttpOptions& options = *request_.options;
  const ProxyChoice proxy = choose_proxy(options, request_.url);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, static_cast<long>(options.keep_alive.count()));
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE,
                   buffer_bytes(kReceiveBufferBytes, options.bytes_per_second_max));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options.connect_timeout.count()));
  // Several TCP connections carry large bodies faster than one with many streams.
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                   options.http_version == "HTTP/1.1" ? static_cast<long>(CURL_HTTP_VERSION_1_1)
                                                      : static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy, CURLOPT_PROXY, proxy.url.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, proxy.exceptions.c_str());
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!options.cookie_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_COOKIEFILE, options.cookie_file.c_str());
  }
}

void Exchange::set_tls() {
  CURL* easy = easy_.get();
  const HttpOptions& options = *request_.options;
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options.verify_tls ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options.verify_tls ? 2L : 0L);
  // Roots that are named replace the system's, of which libcurl knows a file and a folder.
  const bool own_roots =
      !options.ca_file.empty() || !options.ca_folder.empty() || !options.ca_pem.empty();
  if (own_roots) {
    const auto or_none = [](const std::string& path) {
      return path.empty() ? nullptr : path.c_str();
    };
    curl_easy_setopt(easy, CURLOPT_CAINFO, or_none(options.ca_file));
    curl_easy_setopt(easy, CURLOPT_CAPATH, or_none(options.ca_folder));
  }
  if (!options.ca_pem.empty()) {
    std::string pem = options.ca_pem;
    curl_blob blob = {pem.data(), pem.size(), CURL_BLOB_COPY};
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
  }
  if (!options.client_cert.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERT, options.client_cert.c_str());
    if (!options.client_key.empty()) {
      curl_easy_setopt(easy, CURLOPT_SSLKEY, options.client_key.c_str());
    }
    if (!options.key_passphrase.empty()) {
      curl_easy_setopt(easy, CURLOPT_KEYPASSWD, options.key_passphrase.c_str());
    }
  }
}

void Exchange::set_authentication() {
  curl_easy_setopt(easy_.get(), CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  if (!request_.options->negotiate) return;
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPAUTH, CURLAUTH_NEGOTIATE);
  curl_easy_setopt(easy_.get(), CURLOPT_USERPWD, ":");  // the ticket names the user
}

Exchange::Clock::time_point Exchange::stall_deadline() {
  curl_off_t until_transfer_us = 0;
  curl_off_t sent = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &until_transfer_us);
  curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_UPLOAD_T, &sent);
  // Until the connection stands, the connect timeout rules.
  if (until_transfer_us == 0 || paused_) return Clock::now() + stall_timeout();
  last_activity_ =
      std::max(last_activity_, started_ + std::chrono::microseconds(until_transfer_us));
  if (sent != bytes_sent_) last_activity_ = Clock::now();
  bytes_sent_ = sent;
  return last_activity_ + stall_timeout();
}

std::size_t Exchange::on_header_line(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  exchange.last_activity_ = Clock::now();
  return exchange.take_header_line({data, size * count}) ? size * count : 0;
}

bool Exchange::take_header_line(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kHeaderBytesMax) {
    handler_error_ = Error(Errc::transient, "the response's headers are too large");
    return false;
  }
  line = trim(line);
  if (line.starts_with("HTTP/")) {  // also after 100 Continue, and between steps of Negotiate
    head_ = HttpHead{};
    head_delivered_ = false;
    head_.version = std::string(take_until(line, ' '));
    head_.status = static_cast<int>(parse_int(line.substr(0, 3)).value_or(0));
    return true;
  }
  if (head_delivered_) return true;  // trailers
  if (!line.empty()) {
    const std::string_view name = trim(take_until(line, ':'));
    head_.headers.push_back({std::string(name), std::string(trim(line))});
    return true;
  }
  const bool interim = head_.status < 200;
  // With Negotiate a 401 may be a step that libcurl answers by itself: its body tells.
  if (interim || request_.options->negotiate) return true;
  return deliver_head();
}

bool Exchange::deliver_head() {
  head_delivered_ = true;
  metrics_.record(Latency::http_first_byte, Clock::now() - started_);
  if (traces_http()) trace_line("HTTP: " + std::to_string(head_.status));
  if (!request_.accept_encoding.empty()) trace_decoding(head_);
  if (!handlers_.on_head) return true;
  const Result<void> wanted = handlers_.on_head(head_);
  if (!wanted) handler_error_ = wanted.error();
  return wanted.has_value();
}

std::size_t Exchange::on_body_bytes(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::size_t bytes = size * count;
  exchange.last_activity_ = Clock::now();
  if (exchange.must_pause()) return CURL_WRITEFUNC_PAUSE;
  exchange.limit_->moved(bytes);
  exchange.metrics_.add(Counter::http_bytes_received, bytes);
  if (!exchange.head_delivered_ && !exchange.deliver_head()) return 0;
  if (!exchange.handlers_.on_body) return bytes;
  const Result<void> taken =
      exchange.handlers_.on_body(::lazylfs::as_bytes(std::string_view(data, bytes)));
  if (taken) return bytes;
  exchange.handler_error_ = taken.error();
  return 0;
}

Result<void> Exchange::outcome(CURLcode code) {
  if (handler_error_) return *handler_error_;
  if (code == CURLE_OK) {
    if (!head_delivered_ && !deliver_head()) return *handler_error_;
    return {};
  }
  long os_errno = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &os_errno);
  std::string told = error_text_[0] != '\0' ? error_text_.c_str() : curl_easy_strerror(code);
  if (code == CURLE_SSL_CERTPROBLEM && !request_.options->key_passphrase.empty()) {
    told += "; its passphrase may be wrong";
  }
  return Error(meaning_of(code, os_errno), redact_url(request_.url) + ": " + told,
               static_cast<int>(os_errno));
}

void Exchange::finish(Result<void> result) {
  const HttpHandlers handlers = std::move(handlers_);
  handlers_ = {};
  if (!result) {
    TRACE(TraceArea::http, "HTTP: " << result.error().message());
  }
  if (handlers.on_done) handlers.on_done(std::move(result));
}

}  // namespace lazylfs::lfs
