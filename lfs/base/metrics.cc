#include "lfs/base/metrics.h"

#include <bit>
#include <string>

namespace lazylfs {
namespace {

constexpr auto kCounterNames = std::to_array<std::string_view>({
    "fuse_lookups",        "fuse_opens",          "fuse_reads",          "fuse_read_bytes",
    "fuse_readdirs",       "fuse_errors",         "fuse_interrupts",     "passthrough_opens",
    "cache_hits",          "cache_misses",        "cache_bytes_fetched", "cache_evictions",
    "cache_bytes_evicted", "verified_objects",    "verified_blocks",     "verify_failures",
    "http_requests",       "http_bytes_received", "http_retries",        "http_stalls",
    "batch_calls",         "batch_objects",       "auth_prompts",        "read_ahead_bytes",
    "prefetch_bytes",      "deadline_expiries",
});
static_assert(kCounterNames.size() == static_cast<std::size_t>(Counter::count_),
              "name every Counter, in order");

constexpr auto kLatencyNames =
    std::to_array<std::string_view>({"read_hit", "read_miss", "http_first_byte", "batch_call"});
static_assert(kLatencyNames.size() == static_cast<std::size_t>(Latency::count_),
              "name every Latency, in order");

}  // namespace

void Histogram::record(std::chrono::nanoseconds elapsed) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(
      0, std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count()));
  const auto bucket = std::min<std::size_t>(std::bit_width(us), buckets_.size() - 1);
  buckets_.at(bucket).fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const {
  std::uint64_t total = 0;
  for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
  return total;
}

std::uint64_t Histogram::percentile_us(double fraction) const {
  const std::uint64_t total = count();
  if (total == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(total));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_.at(i).load(std::memory_order_relaxed);
    if (seen > wanted || seen == total) return (std::uint64_t{1} << i) - 1;
  }
  return 0;
}

Json Metrics::to_json() const {
  Json result = Json::object();
  for (std::size_t i = 0; i < kCounterNames.size(); ++i) {
    result[std::string(kCounterNames.at(i))] = get(static_cast<Counter>(i));
  }
  Json latencies = Json::object();
  for (std::size_t i = 0; i < kLatencyNames.size(); ++i) {
    const Histogram& histogram = latencies_.at(i);
    latencies[std::string(kLatencyNames.at(i))] = {{"count", histogram.count()},
                                                   {"p50", histogram.percentile_us(0.5)},
                                                   {"p90", histogram.percentile_us(0.9)},
                                                   {"p99", histogram.percentile_us(0.99)}};
  }
  result["latency_us"] = std::move(latencies);
  return result;
}

}  // namespace lazylfs
