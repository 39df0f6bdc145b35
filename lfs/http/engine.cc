// The engine's thread owns every libcurl handle and every request. Other threads only put orders
// into an inbox and wake it, so nothing here needs a lock but the inbox. One turn of the loop:
//
//   take the inbox → run due timers → give connections to waiting requests → let libcurl work (it
//   calls the handlers) → report what finished → look for stalls → sleep in curl_multi_poll
//
// Requests wait in order of priority and age. A part of each limit is out of reach for read-ahead
// and prefetch, so that a demand read need not wait until one of their transfers ends.
#include "lfs/http/engine.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>

#include <curl/curl.h>

#include "lfs/base/guarded.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/http/exchange.h"
#include "lfs/http/stats_log.h"

namespace lazylfs::lfs {
namespace {

using Clock = Exchange::Clock;
using Multi = Handle<CURLM, curl_multi_cleanup>;
using std::chrono::milliseconds;

constexpr milliseconds kSleepMax{10000};

void init_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

// How much of `limit` requests of `priority` may use.
int share_of(int limit, Priority priority) {
  if (priority == Priority::demand) return limit;
  const int reserved = priority == Priority::read_ahead ? limit / 8 : limit / 4;
  return std::max(1, limit - reserved);
}

}  // namespace

std::string_view HttpHead::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (equals_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

bool HttpHead::is_redirect() const {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

class HttpEngine::Impl {
 public:
  Impl(Metrics& metrics, Limits limits) : metrics_(metrics), limits_(limits) {
    init_curl_once();
    multi_.reset(curl_multi_init());
    curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS,
                      static_cast<long>(limits_.connections_total));
    thread_ = std::thread([this] { run(); });
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    inbox_.lock()->stopping = true;
    curl_multi_wakeup(multi_.get());
    thread_.join();
  }

  void set_stats_log(std::unique_ptr<StatsLog> log) { stats_log_ = std::move(log); }

  RequestId submit(HttpRequest request, HttpHandlers handlers) {
    const RequestId id = ++last_id_;
    auto exchange =
        std::make_unique<Exchange>(id, std::move(request), std::move(handlers), metrics_);
    post([&](Inbox& inbox) { inbox.submitted.push_back(std::move(exchange)); });
    return id;
  }
  void cancel(RequestId id) {
    post([&](Inbox& inbox) { inbox.cancelled.push_back(id); });
  }
  void raise(RequestId id, Priority priority) {
    post([&](Inbox& inbox) { inbox.raised.emplace_back(id, priority); });
  }
  void run_after(milliseconds delay, std::function<void()> task) {
    const auto due = Clock::now() + delay;
    post([&](Inbox& inbox) { inbox.timers.emplace_back(due, std::move(task)); });
  }

 private:
  struct Inbox {
    std::vector<std::unique_ptr<Exchange>> submitted;
    std::vector<RequestId> cancelled;
    std::vector<std::pair<RequestId, Priority>> raised;
    std::vector<std::pair<Clock::time_point, std::function<void()>>> timers;
    bool stopping = false;
  };
  using WaitingKey = std::pair<Priority, RequestId>;
  using Exchanges = std::unordered_map<RequestId, std::unique_ptr<Exchange>>;

  template <typename Order>
  void post(Order order) {
    order(*inbox_.lock());
    curl_multi_wakeup(multi_.get());
  }

  void run() {
    while (!take_inbox()) {
      run_due_timers();
      give_connections();
      continue_paused();
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      report_finished();
      report_stalled();
      give_connections();
      curl_multi_poll(multi_.get(), nullptr, 0, sleep_time_ms(), nullptr);
    }
    cancel_everything();
  }

  // True when the engine must end.
  bool take_inbox() {
    Inbox taken;
    {
      auto inbox = inbox_.lock();
      taken = std::exchange(*inbox, Inbox{});
      inbox->stopping = taken.stopping;
    }
    for (auto& exchange : taken.submitted) admit(std::move(exchange));
    for (const RequestId id : taken.cancelled) {
      end(id, Error(Errc::cancelled, "cancelled"));
    }
    for (const auto& [id, priority] : taken.raised) reorder(id, priority);
    for (auto& timer : taken.timers) timers_.emplace(timer.first, std::move(timer.second));
    return taken.stopping;
  }

  void admit(std::unique_ptr<Exchange> exchange) {
    const Result<void> sound = exchange->check();
    if (!sound) {
      exchange->finish(sound);
      return;
    }
    waiting_.emplace(exchange->priority(), exchange->id());
    connections_may_be_free_ = true;
    const RequestId id = exchange->id();
    exchanges_.emplace(id, std::move(exchange));
  }

  void reorder(RequestId id, Priority priority) {
    const auto found = exchanges_.find(id);
    if (found == exchanges_.end() || found->second->priority() <= priority) return;
    if (waiting_.erase({found->second->priority(), id}) > 0) waiting_.emplace(priority, id);
    found->second->set_priority(priority);
    connections_may_be_free_ = true;
  }

  void run_due_timers() {
    while (!timers_.empty() && timers_.begin()->first <= Clock::now()) {
      const std::function<void()> task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      task();
    }
  }

  void give_connections() {
    if (!std::exchange(connections_may_be_free_, false)) return;
    for (auto next = waiting_.begin(); next != waiting_.end();) {
      Exchange& exchange = *exchanges_.at(next->second);
      if (active_ >= share_of(limits_.connections_total, exchange.priority())) return;
      int& active_at_host = active_by_host_[exchange.host_key()];
      if (active_at_host >= share_of(limits_.connections_per_host, exchange.priority())) {
        ++next;
        continue;
      }
      next = waiting_.erase(next);
      ++active_at_host;
      ++active_;
      exchange.start(idle_easy(), limit_, stats_log_.get());
      next_stall_check_ = std::min(next_stall_check_, Clock::now() + exchange.stall_timeout());
      curl_multi_add_handle(multi_.get(), exchange.easy());
    }
  }

  Easy idle_easy() {
    if (idle_.empty()) return Easy(curl_easy_init());
    Easy easy = std::move(idle_.back());
    idle_.pop_back();
    return easy;
  }

  // Lets those that wait for the limit move on, each in its turn.
  void continue_paused() {
    if (limit_.bytes_per_second() == 0) return;
    std::vector<RequestId> paused;
    for (const auto& [id, exchange] : exchanges_) {
      if (exchange->easy() != nullptr && exchange->is_paused()) paused.push_back(id);
    }
    std::ranges::sort(paused);
    const auto after = std::upper_bound(paused.begin(), paused.end(), last_unpaused_);
    std::rotate(paused.begin(), after, paused.end());
    for (const RequestId id : paused) {
      if (!limit_.allows(Clock::now())) break;
      Exchange& exchange = *exchanges_.at(id);
      last_unpaused_ = id;
      const CURLcode code = exchange.go_on();
      if (code != CURLE_OK) end(id, exchange.outcome(code));
    }
  }

  void report_finished() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      void* exchange = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
      auto& done = *static_cast<Exchange*>(exchange);
      end(done.id(), done.outcome(message->data.result));
    }
  }

  void report_stalled() {
    const auto now = Clock::now();
    if (now < next_stall_check_) return;
    next_stall_check_ = Clock::time_point::max();
    std::vector<RequestId> stalled;
    for (const auto& [id, exchange] : exchanges_) {
      if (exchange->easy() == nullptr) continue;
      const auto deadline = exchange->stall_deadline();
      if (deadline <= now) stalled.push_back(id);
      next_stall_check_ = std::min(next_stall_check_, deadline);
    }
    for (const RequestId id : stalled) {
      metrics_.add(Counter::http_stalls);
      end(id, Error(Errc::transient, "stalled: no byte arrived for too long"));
    }
  }

  // The one way in which a request leaves the engine. Unknown ids are ignored.
  void end(RequestId id, Result<void> result) {
    const auto found = exchanges_.find(id);
    if (found == exchanges_.end()) return;
    const std::unique_ptr<Exchange> exchange = std::move(found->second);
    exchanges_.erase(found);
    waiting_.erase({exchange->priority(), id});
    if (exchange->easy() != nullptr) {
      curl_multi_remove_handle(multi_.get(), exchange->easy());
      const auto host = active_by_host_.find(exchange->host_key());
      if (--host->second == 0) active_by_host_.erase(host);
      --active_;
      connections_may_be_free_ = true;
      idle_.push_back(exchange->take_easy());
    }
    exchange->finish(std::move(result));
  }

  int sleep_time_ms() const {
    auto wake = std::min(next_stall_check_, Clock::now() + kSleepMax);
    if (!timers_.empty()) wake = std::min(wake, timers_.begin()->first);
    for (const auto& [id, exchange] : exchanges_) {
      if (exchange->is_paused()) wake = std::min(wake, limit_.free_at());
    }
    const auto left = std::chrono::ceil<milliseconds>(wake - Clock::now());
    return static_cast<int>(std::max<milliseconds::rep>(0, left.count()));
  }

  void cancel_everything() {
    // Handlers may submit again; what they submit is cancelled as well.
    do {
      while (!exchanges_.empty()) {
        end(exchanges_.begin()->first, Error(Errc::cancelled, "the HTTP engine ends"));
      }
      take_inbox();
    } while (!exchanges_.empty());
    timers_.clear();
    idle_.clear();
  }

  Metrics& metrics_;
  const Limits limits_;
  std::atomic<RequestId> last_id_{0};
  Guarded<Inbox> inbox_;

  // The rest belongs to the engine's thread.
  Multi multi_;
  Exchanges exchanges_;
  std::set<WaitingKey> waiting_;
  std::vector<Easy> idle_;
  std::multimap<Clock::time_point, std::function<void()>> timers_;
  std::unordered_map<std::string, int> active_by_host_;
  int active_ = 0;
  bool connections_may_be_free_ = false;
  Clock::time_point next_stall_check_ = Clock::time_point::max();
  RateLimit limit_;
  std::unique_ptr<StatsLog> stats_log_;
  RequestId last_unpaused_ = 0;
  std::thread thread_;
};

HttpEngine::HttpEngine(Metrics& metrics, Limits limits)
    : impl_(std::make_unique<Impl>(metrics, limits)) {}
HttpEngine::~HttpEngine() = default;

void HttpEngine::set_stats_log(std::unique_ptr<StatsLog> log) {
  impl_->set_stats_log(std::move(log));
}
RequestId HttpEngine::submit(HttpRequest request, HttpHandlers handlers) {
  return impl_->submit(std::move(request), std::move(handlers));
}
void HttpEngine::cancel(RequestId id) { impl_->cancel(id); }
void HttpEngine::raise(RequestId id, Priority priority) { impl_->raise(id, priority); }
void HttpEngine::run_after(milliseconds delay, std::function<void()> task) {
  impl_->run_after(delay, std::move(task));
}

Result<HttpResponse> HttpEngine::perform(HttpRequest request, std::size_t body_bytes_max) {
  struct Waiter {
    std::mutex mutex;
    std::condition_variable finished;
    HttpResponse response;
    std::optional<Result<void>> result;
  };
  Waiter waiter;  // outlives the request: on_done is its last call and we wait for it
  HttpHandlers handlers;
  handlers.on_head = [&](const HttpHead& head) -> Result<void> {
    waiter.response.head = head;
    return {};
  };
  handlers.on_body = [&](std::span<const std::byte> bytes) -> Result<void> {
    if (bytes.size() > body_bytes_max - waiter.response.body.size()) {
      return Error(Errc::invalid, "the response is larger than " + format_size(body_bytes_max));
    }
    waiter.response.body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
  handlers.on_done = [&](Result<void> result) {
    const std::lock_guard lock(waiter.mutex);
    waiter.result = std::move(result);
    waiter.finished.notify_all();
  };
  submit(std::move(request), std::move(handlers));
  std::unique_lock lock(waiter.mutex);
  waiter.finished.wait(lock, [&] { return waiter.result.has_value(); });
  if (!*waiter.result) return waiter.result->error();
  return std::move(waiter.response);
}

}  // namespace lazylfs::lfs
