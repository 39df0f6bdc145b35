// One request on its way through a libcurl easy handle: options in, callbacks out.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <curl/curl.h>

#include "lfs/base/handle.h"
#include "lfs/http/engine.h"
#include "lfs/http/rate_limit.h"

namespace lazylfs::lfs {

using Easy = Handle<CURL, curl_easy_cleanup>;
using HeaderList = Handle<curl_slist, curl_slist_free_all>;

// Owned by the engine and used on its thread only. finish() is called exactly once.
class Exchange {
 public:
  using Clock = std::chrono::steady_clock;

  Exchange(RequestId id, HttpRequest request, HttpHandlers handlers, Metrics& metrics);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() = default;

  RequestId id() const { return id_; }
  const std::string& host_key() const { return host_key_; }  // what connection limits count by
  Priority priority() const { return request_.priority; }
  void set_priority(Priority priority) { request_.priority = priority; }
  CURL* easy() const { return easy_.get(); }
  Clock::duration stall_timeout() const { return request_.options->stall_timeout; }

  // Refuses what must not be sent. Call before start().
  Result<void> check() const;
  // Takes an idle handle and prepares it for the multi handle. `limit` and `log`, which may be
  // null, must outlive the exchange.
  void start(Easy easy, RateLimit& limit, StatsLog* log);
  // Stands still until the limit allows more; go_on() then moves what waited.
  bool is_paused() const { return paused_; }
  CURLcode go_on();
  // The end of its use of the handle.
  Easy take_easy();

  // When the request counts as stalled unless something moves before.
  Clock::time_point stall_deadline();

  // What libcurl's verdict means, with a handler's own error first.
  Result<void> outcome(CURLcode code);
  void finish(Result<void> result);

 private:
  static std::size_t on_header_line(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body_bytes(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body_wanted(char* into, std::size_t size, std::size_t count, void* self);
  static int on_rewind(void* self, curl_off_t offset, int origin);
  bool must_pause();
  bool take_header_line(std::string_view line);
  bool deliver_head();
  void set_request();
  void set_file_body();
  void set_headers();
  void set_connection();
  void set_tls();
  void set_authentication();

  RequestId id_;
  HttpRequest request_;
  HttpHandlers handlers_;
  Metrics& metrics_;
  std::string host_key_;
  HttpHead head_;
  std::size_t header_bytes_ = 0;
  bool head_delivered_ = false;
  std::optional<Error> handler_error_;
  Clock::time_point started_, last_activity_;
  RateLimit* limit_ = nullptr;
  StatsLog* log_ = nullptr;
  bool paused_ = false;
  curl_off_t bytes_sent_ = 0;
  std::uint64_t body_read_ = 0;  // of request_.file_body
  HeaderList header_list_;
  std::string error_text_;  // filled by libcurl (CURL_ERROR_SIZE bytes)
  Easy easy_;               // last: the handle points into the members above
};

}  // namespace lazylfs::lfs
