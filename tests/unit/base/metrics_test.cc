#include "lfs/base/metrics.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace lazylfs {
namespace {

using std::chrono::microseconds;

TEST(Metrics, CountersAddUpOverThreads) {
  Metrics metrics;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 1000; ++n) metrics.add(Counter::fuse_reads);
      });
    }
  }
  metrics.add(Counter::fuse_read_bytes, 123);
  EXPECT_EQ(metrics.get(Counter::fuse_reads), 4000U);
  EXPECT_EQ(metrics.get(Counter::fuse_read_bytes), 123U);
  EXPECT_EQ(metrics.get(Counter::cache_hits), 0U);
}

TEST(Histogram, PercentilesBoundTheirSamples) {
  Histogram histogram;
  EXPECT_EQ(histogram.percentile_us(0.5), 0U);
  for (int i = 0; i < 90; ++i) histogram.record(microseconds(100));
  for (int i = 0; i < 10; ++i) histogram.record(microseconds(5000));
  EXPECT_EQ(histogram.count(), 100U);
  EXPECT_EQ(histogram.percentile_us(0.5), 127U);
  EXPECT_EQ(histogram.percentile_us(0.89), 127U);
  EXPECT_EQ(histogram.percentile_us(0.99), 8191U);
  EXPECT_EQ(histogram.percentile_us(1.0), 8191U);
}

TEST(Histogram, ExtremesAreCounted) {
  Histogram histogram;
  histogram.record(std::chrono::nanoseconds(-5));
  histogram.record(std::chrono::nanoseconds::max());
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.percentile_us(0.1), 0U);
}

TEST(Metrics, JsonNamesEveryCounterAndLatency) {
  Metrics metrics;
  metrics.add(Counter::deadline_expiries, 7);
  metrics.record(Latency::batch_call, microseconds(3));
  const Json json = metrics.to_json();
  EXPECT_EQ(json_int(json, "fuse_lookups"), 0);
  EXPECT_EQ(json_int(json, "deadline_expiries"), 7);
  EXPECT_EQ(json_int(json, "cache_bytes_fetched"), 0);
  const Json* latency = json_object(json, "latency_us");
  ASSERT_NE(latency, nullptr);
  const Json* batch = json_object(*latency, "batch_call");
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ(json_int(*batch, "count"), 1);
  EXPECT_EQ(json_int(*batch, "p99"), 3);
  EXPECT_NE(json_object(*latency, "read_hit"), nullptr);
}

}  // namespace
}  // namespace lazylfs
