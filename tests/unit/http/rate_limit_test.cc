#include "lfs/http/rate_limit.h"

#include <gtest/gtest.h>

namespace lazylfs::lfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr RateLimit::Clock::time_point kStart{seconds(1000)};

TEST(RateLimitTest, WithoutALimitEverythingMoves) {
  RateLimit limit;
  limit.moved(1U << 30U);
  EXPECT_TRUE(limit.allows(kStart));
}

TEST(RateLimitTest, WhatWasOverdrawnIsWaitedFor) {
  RateLimit limit;
  limit.set(1000, kStart);
  EXPECT_TRUE(limit.allows(kStart));
  limit.moved(500);
  EXPECT_FALSE(limit.allows(kStart));
  EXPECT_EQ(limit.free_at(), kStart + milliseconds(500));
  EXPECT_FALSE(limit.allows(kStart + milliseconds(499)));
  EXPECT_TRUE(limit.allows(kStart + milliseconds(501)));
}

TEST(RateLimitTest, ManyTurnsKeepTheRate) {
  RateLimit limit;
  limit.set(1000, kStart);
  std::uint64_t moved = 0;
  for (int turn = 0; turn < 10000; ++turn) {
    if (!limit.allows(kStart + milliseconds(turn))) continue;
    limit.moved(64);
    moved += 64;
  }
  EXPECT_NEAR(static_cast<double>(moved), 10000, 200);
}

TEST(RateLimitTest, APauseIsNotMadeUpForByABurst) {
  RateLimit limit;
  limit.set(1000, kStart);
  EXPECT_TRUE(limit.allows(kStart + seconds(100)));
  limit.moved(200);
  EXPECT_FALSE(limit.allows(kStart + seconds(100)));
}

}  // namespace
}  // namespace lazylfs::lfs
