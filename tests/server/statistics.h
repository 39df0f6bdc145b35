// What the server was asked and what it sent, for tests to assert.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "lfs/base/guarded.h"
#include "lfs/base/json.h"
#include "tests/server/connection.h"
#include "tests/server/route.h"

namespace lazylfs::server {

// Thread-safe.
class Statistics {
 public:
  // `origin`: "api" or "storage".
  void request_begins(const HttpRequest& request, const Route& route, std::string_view origin);
  void request_ends(const HttpRequest& request, const Route& route, const Delivered& outcome);
  void connection() { connections_.fetch_add(1, std::memory_order_relaxed); }
  // A call of the LFS API with its body.
  void call(const HttpRequest& request, const std::string& body);
  void batch(std::string_view operation, std::size_t objects);
  void uploaded(std::uint64_t bytes) { uploaded_.fetch_add(bytes, std::memory_order_relaxed); }
  // Grows while bodies are sent.
  std::atomic<std::uint64_t>& sent(Kind kind) { return sent_.at(static_cast<std::size_t>(kind)); }

  // Waits until what is under way is counted: who got an answer's last byte may ask here sooner
  // than the thread that sent it counts. Gives up after a quarter of a second: some are told to
  // stall.
  void settle() const;

  Json to_json() const;
  Json log() const;
  Json calls() const;
  void reset();

 private:
  struct Counts {
    std::map<std::string, std::uint64_t> requests;
    std::map<std::string, std::map<int, std::uint64_t>> statuses;
    std::map<std::string, std::uint64_t> batch_operations;
    std::vector<std::size_t> batch_objects;
    std::deque<Json> ranges, log, calls;
    std::map<std::string, std::map<std::string, std::uint64_t>> secrets;
    std::map<std::string, std::uint64_t> authorization;
    std::int64_t concurrent_max = 0, downloads_max = 0;
  };
  Guarded<Counts> counts_;
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Kind::count_)> sent_{};
  std::atomic<std::uint64_t> connections_{0}, uploaded_{0};
  std::atomic<std::int64_t> concurrent_{0}, downloads_{0};
};

}  // namespace lazylfs::server
