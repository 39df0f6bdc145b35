// A fetch asks for the object's action, sends a ranged GET, and hands the body to the sink as it
// arrives. Whatever breaks, the next request begins at the first byte that the sink lacks. Two
// things bound it: failures in a row without a new byte, and the time since the last new byte.
//
//   begin → ask_for_action → on_action → send → on_head → on_body* → on_sent ─┬→ finish
//              ↑                           ↑                                  │
//              └── expired, refused ───────┴──────── retry_later ←────────────┘
//
// A server that ignores Range answers 200 with the whole object: the first such fetch owns the
// stream, tells its sink begin({0, size}), and the others follow it (WholeStreams).
#include "lfs/transfer/range_fetch.h"

#include <algorithm>
#include <utility>

#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"

namespace lazylfs::lfs {
namespace {

using std::chrono::milliseconds;

constexpr int kRedirectsMax = 5;
constexpr int kRenewalsMax = 2;
constexpr int kUnreachableTriesMax = 3;
constexpr std::size_t kRefusalBytesMax = 1024;

// "bytes <first>-<last>/<total or *>".
struct ContentRange {
  std::uint64_t first = 0, last = 0;
  std::optional<std::uint64_t> total;
};
std::optional<ContentRange> parse_content_range(std::string_view text) {
  if (!equals_ignoring_case(take_until(text, ' '), "bytes")) return std::nullopt;
  const auto first = parse_uint(trim(take_until(text, '-')));
  const auto last = parse_uint(trim(take_until(text, '/')));
  if (!first || !last || *last < *first) return std::nullopt;
  return ContentRange{*first, *last, parse_uint(trim(text))};
}

Error offline() { return {Errc::unreachable, "offline, and the bytes are not in the cache"}; }

}  // namespace

RangeFetch::RangeFetch(FetchContext& context, const ObjectId& id, ByteRange range,
                       Priority priority, std::shared_ptr<ByteSink> sink)
    : context_(context),
      id_(id),
      range_(range),
      priority_(priority),
      sink_(std::move(sink)),
      position_(range.offset) {}

RangeFetch::~RangeFetch() { context_.on_gone(this); }

void RangeFetch::on_engine(std::function<void()> task) {
  context_.engine.run_after(milliseconds(0), std::move(task));
}

void RangeFetch::start() {
  on_engine([self = shared_from_this()] { self->begin(); });
}

void RangeFetch::cancel() {
  if (cancelled_.exchange(true)) return;
  on_engine([self = shared_from_this()] {
    if (self->finished_) return;
    if (self->request_id_ != 0) {
      self->context_.engine.cancel(self->request_id_);  // on_sent() finishes
    } else {
      self->finish(self->given_up());
    }
  });
}

// Why a cancelled fetch ends: whoever wanted it left, or the network may not be used any more.
Error RangeFetch::given_up() const {
  return context_.offline ? offline() : Error(Errc::cancelled, "cancelled");
}

void RangeFetch::raise(Priority priority) {
  if (priority >= priority_.load()) return;
  priority_ = priority;
  if (context_.resolver != nullptr) context_.resolver->raise(id_.oid, priority);
  on_engine([self = shared_from_this(), priority] {
    if (self->request_id_ != 0) self->context_.engine.raise(self->request_id_, priority);
  });
}

void RangeFetch::begin() {
  progress_at_ = Clock::now();
  if (cancelled_ && !finished_) return finish(given_up());
  ask_for_action();
}

void RangeFetch::ask_for_action() {
  if (context_.offline) {
    return finish(offline());
  }
  // The answer may come on a thread of the resolver, where questions for credentials may block.
  context_.resolver->resolve(id_, priority_, [self = shared_from_this()](Result<Action> action) {
    self->context_.blocking.post([self, action = std::move(action)] { self->on_action(action); });
  });
}

// On a blocking thread; everything after goes back to the engine's.
void RangeFetch::on_action(Result<Action> action) {
  if (!action) {
    on_engine([self = shared_from_this(), error = action.error()] { self->fail(error); });
    return;
  }
  // position_ does not change while no request is under way.
  Result<HttpRequest> request =
      context_.client->prepare_download(*action, {position_, range_.end() - position_});
  on_engine(
      [self = shared_from_this(), href = action->href, request = std::move(request)]() mutable {
        self->href_ = std::move(href);
        if (!request) return self->fail(request.error());
        self->redirects_ = 0;
        self->send(std::move(*request));
      });
}

milliseconds RangeFetch::stall_timeout() const {
  const milliseconds longest = request_->options->stall_timeout;
  const milliseconds silence = context_.health.suspicious_silence(request_->url);
  return std::min(longest, silence * (1 << std::min(stalls_, 5)));
}

void RangeFetch::send(HttpRequest request) {
  if (finished_) return;
  if (cancelled_) return finish(given_up());
  if (context_.streams.follow(id_.oid, shared_from_this())) return;
  request.range = ByteRange{position_, range_.end() - position_};
  request.priority = priority_;
  request_ = request;
  auto options = std::make_shared<HttpOptions>(*request.options);
  options->stall_timeout = stall_limit_ = stall_timeout();
  request.options = std::move(options);
  delivering_ = false;
  refusal_.clear();
  head_ = HttpHead{};
  ++attempts_;
  sent_at_ = Clock::now();
  const auto self = shared_from_this();
  HttpHandlers handlers;
  handlers.on_head = [self](const HttpHead& head) { return self->on_head(head); };
  handlers.on_body = [self](std::span<const std::byte> bytes) { return self->on_body(bytes); };
  handlers.on_done = [self](const Result<void>& result) { self->on_sent(result); };
  request_id_ = context_.engine.submit(std::move(request), std::move(handlers));
}

Result<void> RangeFetch::on_head(const HttpHead& head) {
  head_ = head;
  context_.health.record_first_byte(
      request_->url, std::chrono::duration_cast<milliseconds>(Clock::now() - sent_at_));
  if (head.status == 206) return accept_partial(head);
  if (head.status == 200) return accept_whole();
  return {};
}

Result<void> RangeFetch::accept_partial(const HttpHead& head) {
  const auto given = parse_content_range(head.header("Content-Range"));
  const bool fits = given && given->first == position_ && given->last < range_.end() &&
                    (!given->total || *given->total == id_.size);
  if (!fits) {
    return Error(Errc::transient, "the server sent another range than was asked for");
  }
  delivering_ = true;
  stream_at_ = position_;
  return {};
}

Result<void> RangeFetch::accept_whole() {
  const bool asked_for_whole = position_ == 0 && range_ == ByteRange{0, id_.size};
  if (!asked_for_whole) {
    if (!context_.streams.try_own(id_.oid)) {
      context_.streams.follow(id_.oid, shared_from_this());
      following_ = true;
      return Error(Errc::cancelled, "another stream brings this object");
    }
    owns_stream_ = true;
    range_ = {0, id_.size};
    position_ = 0;
    sink_->begin(range_);
  }
  delivering_ = true;
  stream_at_ = 0;
  return {};
}

Result<void> RangeFetch::on_body(std::span<const std::byte> bytes) {
  if (!delivering_) {
    const std::size_t room = kRefusalBytesMax - std::min(kRefusalBytesMax, refusal_.size());
    refusal_.append(reinterpret_cast<const char*>(bytes.data()), std::min(room, bytes.size()));
    return {};
  }
  const std::uint64_t offset = stream_at_;
  stream_at_ += bytes.size();
  if (stream_at_ > range_.end()) return Error(Errc::transient, "the server sent too many bytes");
  const Result<void> delivered = deliver(offset, bytes);
  if (owns_stream_) context_.streams.data(id_.oid, offset, bytes);
  return delivered;
}

Result<void> RangeFetch::deliver(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (cancelled_) return given_up();
  progress_at_ = Clock::now();
  failures_ = stalls_ = renewals_ = 0;
  TRY(sink_->data(offset, bytes));
  position_ = offset + bytes.size();
  return {};
}

Result<void> RangeFetch::follow_data(std::uint64_t offset, std::span<const std::byte> bytes) {
  const ByteRange part =
      ByteRange{offset, bytes.size()}.intersect({position_, range_.end() - position_});
  if (part.empty() || part.offset != position_) return {};
  const Result<void> delivered =
      deliver(part.offset, bytes.subspan(part.offset - offset, part.length));
  if (!delivered) {
    finish(delivered);
  } else if (position_ == range_.end()) {
    finish({});
  }
  return delivered;
}

void RangeFetch::follow_end(std::uint64_t position, const Result<void>& result) {
  if (cancelled_) return finish(given_up());
  (void)position;
  if (!result && result.error().code() != Errc::cancelled) return retry_later(result.error());
  ask_for_action();
}

void RangeFetch::on_sent(const Result<void>& result) {
  request_id_ = 0;
  if (finished_) return;
  if (owns_stream_ && (!result || position_ < range_.end() || cancelled_)) {
    // Followers go on by themselves; this fetch begins a stream of its own when it tries again.
    owns_stream_ = false;
    context_.streams.end(id_.oid, position_, result);
  }
  if (cancelled_) return finish(given_up());
  if (!result) {
    const Error& error = result.error();
    if (std::exchange(following_, false)) return;  // the stream brings the bytes
    if (Clock::now() - std::max(sent_at_, progress_at_) >= stall_limit_) ++stalls_;
    const bool final = error.code() != Errc::transient && error.code() != Errc::timed_out &&
                       error.code() != Errc::unreachable;
    return final ? fail(error) : retry_later(error);
  }
  if (delivering_ && position_ == range_.end()) return finish({});
  if (delivering_) return retry_later(Error(Errc::transient, "the body ended too early"));
  on_status();
}

void RangeFetch::on_status() {
  const int status = head_.status;
  if (head_.is_redirect()) return on_redirect();
  if (status == 401 || status == 403) return on_refusal();
  if (status == 404 || status == 410) return on_missing();
  if (status == 416) {
    return fail(Error(Errc::corrupt, "the stored object is shorter than its pointer says"));
  }
  const Error cause(Errc::transient, "the storage answered " + std::to_string(status));
  const bool may_pass = status == 408 || status == 429 ||
                        (status >= 500 && status != 501 && status != 507 && status != 509);
  if (may_pass) return retry_later(cause, retry_after_seconds(head_));
  fail(Error(Errc::io, cause.message()));
}

void RangeFetch::on_redirect() {
  if (++redirects_ > kRedirectsMax) return fail(Error(Errc::io, "too many redirects"));
  Result<HttpRequest> next = ApiClient::follow_redirect(*request_, head_);
  if (!next) return fail(next.error());
  send(std::move(*next));
}

// An expired URL and refused credentials look alike: first the action is asked for anew.
void RangeFetch::on_refusal() {
  const Error refused(Errc::denied,
                      "the storage refused access (" + std::to_string(head_.status) + ")");
  if (++renewals_ > kRenewalsMax) return fail(refused);
  context_.metrics.add(Counter::http_retries);
  context_.resolver->forget(id_.oid, href_);
  context_.blocking.post([self = shared_from_this(), request = *request_, head = head_] {
    if (head.status == 401) (void)self->context_.client->renew_credentials(request, head);
    self->on_engine([self] { self->ask_for_action(); });
  });
}

void RangeFetch::on_missing() {
  const Error missing(Errc::not_found, "the storage does not have the object (" +
                                           std::to_string(head_.status) + ")");
  if (++renewals_ > 1) return fail(missing);
  context_.metrics.add(Counter::http_retries);
  context_.resolver->forget(id_.oid, href_);
  ask_for_action();
}

void RangeFetch::retry_later(const Error& cause, std::optional<std::int64_t> wait_seconds) {
  ++failures_;
  remember_trouble(cause);
  const bool unreachable = cause.code() == Errc::unreachable;
  if (unreachable && failures_ >= kUnreachableTriesMax) return finish(cause);
  const milliseconds delay =
      std::max(backoff_delay(failures_, context_.options.retry_delay_cap),
               milliseconds(1000 * std::max<std::int64_t>(0, wait_seconds.value_or(0))));
  const bool spent = failures_ > context_.options.retries_max ||
                     Clock::now() + delay > progress_at_ + context_.options.fetch_deadline;
  if (spent) {
    return finish(Error(Errc::timed_out, "gave up after " + std::to_string(attempts_) +
                                             " attempts: " + cause.message()));
  }
  TRACE(TraceArea::transfer, "tq: retrying object " << id_.oid.hex() << ": " << cause.message());
  context_.metrics.add(Counter::http_retries);
  // A stall needs no pause: the silence was one.
  const milliseconds pause = stalls_ > 0 ? milliseconds(0) : delay;
  context_.engine.run_after(pause, [self = shared_from_this()] {
    if (self->finished_) return;
    if (self->cancelled_) return self->finish(self->given_up());
    self->ask_for_action();
  });
}

void RangeFetch::fail(const Error& error) {
  if (finished_) return;
  remember_trouble(error);
  finish(error);
}

void RangeFetch::remember_trouble(const Error& error) {
  ServerTrouble trouble;
  if (head_.status == 0 && context_.client != nullptr) {
    trouble = context_.client->last_trouble().value_or(trouble);
  }
  if (request_) {
    const auto url = Url::parse(request_->url);
    if (url) trouble.host = url->host;
    trouble.status = head_.status;
    trouble.request_id = std::string(head_.header("X-Request-Id"));
  }
  trouble.attempts = std::max(trouble.attempts, attempts_);
  trouble.message = error.message();
  context_.troubles.add(id_.oid, std::move(trouble));
}

void RangeFetch::finish(const Result<void>& result) {
  if (std::exchange(finished_, true)) return;
  if (std::exchange(owns_stream_, false)) context_.streams.end(id_.oid, position_, result);
  const std::shared_ptr<ByteSink> sink = std::exchange(sink_, nullptr);
  sink->done(result);
}

}  // namespace lazylfs::lfs
