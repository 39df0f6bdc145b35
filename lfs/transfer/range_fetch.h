// One fetch under way: the state machine from "wanted" to the sink's done().
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lfs/transfer/fetch_context.h"

namespace lazylfs::lfs {

// Everything but start(), cancel() and raise() runs on the HTTP engine's thread, so that nothing
// needs a lock and the sink is called by one thread at a time. Kept alive by the callbacks that it
// has outstanding.
class RangeFetch : public std::enable_shared_from_this<RangeFetch> {
 public:
  RangeFetch(FetchContext& context, const ObjectId& id, ByteRange range, Priority priority,
             std::shared_ptr<ByteSink> sink);
  ~RangeFetch();
  RangeFetch(const RangeFetch&) = delete;
  RangeFetch& operator=(const RangeFetch&) = delete;

  // From any thread.
  void start();
  void cancel();
  void raise(Priority priority);

  const ObjectId& id() const { return id_; }

  // From the stream of a server that ignores Range, when this fetch follows it.
  Result<void> follow_data(std::uint64_t offset, std::span<const std::byte> bytes);
  void follow_end(std::uint64_t position, const Result<void>& result);
  bool finished() const { return finished_; }

 private:
  using Clock = std::chrono::steady_clock;

  Error given_up() const;
  void on_engine(std::function<void()> task);
  void begin();
  void ask_for_action();
  void on_action(Result<Action> action);
  void send(HttpRequest request);
  Result<void> on_head(const HttpHead& head);
  Result<void> accept_partial(const HttpHead& head);
  Result<void> accept_whole();
  Result<void> on_body(std::span<const std::byte> bytes);
  Result<void> deliver(std::uint64_t offset, std::span<const std::byte> bytes);
  void on_sent(const Result<void>& result);
  void on_status();
  void on_refusal();
  void on_missing();
  void on_redirect();
  void retry_later(const Error& cause, std::optional<std::int64_t> wait_seconds = std::nullopt);
  void fail(const Error& error);
  void finish(const Result<void>& result);
  void remember_trouble(const Error& error);
  std::chrono::milliseconds stall_timeout() const;

  FetchContext& context_;
  const ObjectId id_;
  ByteRange range_;  // what is left to promise; grows when the server sends everything
  std::atomic<Priority> priority_;
  std::shared_ptr<ByteSink> sink_;
  std::atomic<bool> cancelled_{false};

  std::uint64_t position_ = 0;   // the next byte that the sink needs
  std::uint64_t stream_at_ = 0;  // where the response's body is
  std::optional<HttpRequest> request_;
  RequestId request_id_ = 0;
  HttpHead head_;
  std::string href_;         // of the action in use
  std::string refusal_;      // the start of an error response's body
  bool delivering_ = false;  // the response's body is the object's
  bool owns_stream_ = false;
  bool following_ = false;  // the request ends because another fetch streams the object
  bool finished_ = false;
  int attempts_ = 0;  // requests in all
  int failures_ = 0;  // in a row without progress
  int stalls_ = 0;    // in a row
  int redirects_ = 0;
  int renewals_ = 0;
  Clock::time_point progress_at_;
  Clock::time_point sent_at_;
  std::chrono::milliseconds stall_limit_{};
};

}  // namespace lazylfs::lfs
