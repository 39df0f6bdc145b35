// GIT_LOG_STATS: a line of "key=value" words for each request and answer, as git-lfs writes them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "lfs/base/fd.h"
#include "lfs/http/engine.h"

namespace lazylfs::lfs {

// How an exchange went. Times of a connection are zero when it stood already.
struct ExchangeFigures {
  int status = 0;  // 0: no answer came
  std::uint64_t body_bytes = 0;
  std::chrono::nanoseconds name_lookup{}, connect{}, tls{};
  std::chrono::nanoseconds first_byte{};  // since the request was sent
  std::chrono::nanoseconds total{};
};

// Used on the engine's thread. What cannot be written is lost: no request fails for its log.
class StatsLog {
 public:
  // Nothing unless GIT_LOG_STATS wishes one. The file is `folder`/http/http-<seconds since
  // 1970>.log; it begins with the first request. `concurrent_transfers` is told in its first line.
  static std::unique_ptr<StatsLog> wanted(const std::string& folder,
                                          std::size_t concurrent_transfers);

  // A request with a body is about to be sent.
  void request(const HttpRequest& request);
  void response(const HttpRequest& request, const ExchangeFigures& figures);

 private:
  StatsLog(std::string folder, std::size_t concurrent_transfers)
      : folder_(std::move(folder)), concurrent_transfers_(concurrent_transfers) {}
  void write(const HttpRequest& request, const std::string& event, const std::string& more);
  void open();

  std::string folder_;
  std::size_t concurrent_transfers_;
  bool opened_ = false;
  Fd file_;
};

}  // namespace lazylfs::lfs
