#include "lfs/filter/brief_spin.h"

#include <chrono>
#include <ctime>
#include <thread>

#include <gtest/gtest.h>

#include "lfs/base/fd.h"

namespace lazylfs::lfs {
namespace {

using std::chrono::milliseconds;

class BriefSpinTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<Pipe> made = make_pipe();
    ASSERT_TRUE(made.has_value());
    pipe_ = std::move(*made);
  }

  Pipe pipe_;
};

TEST_F(BriefSpinTest, ReturnsWhenThereAreBytes) {
  BriefSpin spin(std::chrono::hours(1));
  std::jthread writer([&] {
    std::this_thread::sleep_for(milliseconds(20));
    EXPECT_TRUE(write_all(pipe_.write_end.get(), "x").has_value());
  });
  spin.wait(pipe_.read_end.get());
}

TEST_F(BriefSpinTest, ReturnsAtTheEnd) {
  BriefSpin spin(std::chrono::hours(1));
  pipe_.write_end.reset();
  spin.wait(pipe_.read_end.get());
}

TEST_F(BriefSpinTest, WithASlowPeerItIsSeldomInVain) {
  constexpr int kWaits = 130;
  constexpr milliseconds kMost(20);
  BriefSpin spin(kMost);
  const std::clock_t begun = std::clock();  // of the processor: others' load does not count
  for (int i = 0; i < kWaits; ++i) spin.wait(pipe_.read_end.get());
  const double seconds = static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
  EXPECT_LT(seconds, std::chrono::duration<double>(kMost * kWaits / 4).count());
}

TEST_F(BriefSpinTest, OnOneProcessorItDoesNotWait) {
  BriefSpin spin(milliseconds(0));
  spin.wait(pipe_.read_end.get());
}

}  // namespace
}  // namespace lazylfs::lfs
