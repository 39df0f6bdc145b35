#include "lfs/queue/parallelism.h"

#include <gtest/gtest.h>

namespace lazylfs::lfs {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// Plays `rounds` rounds in virtual time: each has as many attempts as are allowed at once, and
// takes as long as `round(limit)` says.
template <typename Round>
std::size_t play(Parallelism& parallelism, int rounds, std::uint64_t bytes, Round round) {
  Parallelism::Clock::time_point now{};
  for (int i = 0; i < rounds; ++i) {
    const std::size_t limit = parallelism.limit();
    const Parallelism::Clock::duration elapsed = round(limit);
    now += elapsed;
    for (std::size_t n = 0; n < limit; ++n) parallelism.record(now, elapsed, bytes);
  }
  return parallelism.limit();
}

TEST(ParallelismTest, SmallObjectsOverASlowLineGetMoreRequests) {
  Parallelism parallelism(std::nullopt);
  EXPECT_EQ(play(parallelism, 20, 10240, [](std::size_t) { return milliseconds(20); }),
            Parallelism::kMost);
}

TEST(ParallelismTest, AFastServerKeepsTheFirstNumber) {
  Parallelism parallelism(std::nullopt);
  EXPECT_EQ(play(parallelism, 50, 10240, [](std::size_t) { return microseconds(500); }),
            Parallelism::kFirst);
}

TEST(ParallelismTest, MoreRequestsStopWhereTheyHelpNoMore) {
  Parallelism parallelism(std::nullopt);
  const std::size_t limit = play(parallelism, 50, 10240, [](std::size_t at_once) {
    return milliseconds(at_once);  // the server does one thousand a second
  });
  EXPECT_LE(limit, 2 * Parallelism::kFirst);
}

TEST(ParallelismTest, LargeObjectsFillTheLineAlone) {
  Parallelism parallelism(std::nullopt);
  EXPECT_EQ(play(parallelism, 20, 100U << 20U, [](std::size_t) { return milliseconds(900); }),
            Parallelism::kFirst);
}

TEST(ParallelismTest, AConfiguredNumberStays) {
  Parallelism parallelism(3);
  EXPECT_EQ(play(parallelism, 20, 10240, [](std::size_t) { return milliseconds(20); }), 3U);
}

TEST(ParallelismTest, AnOverloadedServerGetsHalf) {
  Parallelism parallelism(std::nullopt);
  parallelism.overloaded();
  EXPECT_EQ(play(parallelism, 20, 10240, [](std::size_t) { return milliseconds(20); }),
            Parallelism::kFirst / 2);
  for (int i = 0; i < 9; ++i) parallelism.overloaded();
  EXPECT_EQ(parallelism.limit(), 1U);
}

}  // namespace
}  // namespace lazylfs::lfs
