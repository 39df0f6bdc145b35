// Goal: whatever happens at the same time, every byte that is read is right.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <thread>

#include "lfs/base/files.h"
#include "lfs/base/trace.h"
#include "tests/unit/cache/fake_source.h"

namespace lazylfs::cache {
namespace {

using StressTest = CacheTest;

constexpr const char* kChildVariable = "LAZYLFS_CACHE_TEST_CHILD";

// Reads at random places and compares; false on a wrong byte. Errors of an unwell source are fine.
bool read_at_random(Cache& cache, Source& source, const std::vector<std::string>& contents,
                    std::uint32_t seed, int rounds) {
  std::mt19937 random(seed);
  const auto below = [&](std::size_t bound) { return random() % std::max<std::size_t>(bound, 1); };
  for (int i = 0; i < rounds; ++i) {
    const std::string& content = contents[below(contents.size())];
    const auto object = cache.open_object(id_of(content), source);
    if (!object) continue;
    const std::size_t at = below(content.size());
    const std::size_t count = 1 + below(std::min<std::size_t>(content.size() - at, 300'000));
    switch (below(8)) {
      case 0:
        (*object)->prefetch({at, count}, Priority::read_ahead);
        break;
      case 1: {
        std::shared_ptr<PendingRead> pending;
        auto ready = when_ready(**object, {at, count}, &pending);
        pending->cancel();
        (void)ready.get();
        break;
      }
      case 2:
        (void)cache.evict((*object)->id().oid);
        break;
      default: {
        const Result<std::string> part = read(**object, {at, std::min(count, content.size() - at)});
        if (part && *part != content.substr(at, part->size())) return false;
      }
    }
  }
  return true;
}

std::vector<std::string> some_contents() {
  std::vector<std::string> contents;
  for (const std::size_t size : {std::size_t{10}, kBlockBytes, 3 * kBlockBytes + 1,
                                 20 * kBlockBytes - 1, 60 * kBlockBytes}) {
    contents.push_back(make_content(size, static_cast<std::uint32_t>(size)));
  }
  return contents;
}

TEST_F(StressTest, ManyReadersOfTwoCachesWithALimitReadTheRightBytes) {
  const auto contents = some_contents();
  FakeSource other;
  for (const std::string& content : contents) {
    source_.add(content);
    other.add(content);
  }
  const auto one = open_cache(40 * kBlockBytes);
  const auto two = open_cache(40 * kBlockBytes);
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> readers;
    for (std::uint32_t i = 0; i < 6; ++i) {
      readers.emplace_back([&, i] {
        Cache& cache = i % 2 == 0 ? *one : *two;
        FakeSource& source = i % 2 == 0 ? source_ : other;
        if (!read_at_random(cache, source, contents, i, 60)) ++wrong;
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST_F(StressTest, ASourceThatFailsNowAndThenNeverMakesWrongBytes) {
  const auto contents = some_contents();
  for (const std::string& content : contents) source_.add(content);
  const auto cache = open_cache();
  std::atomic<bool> stop{false};
  std::jthread trouble([&] {
    for (int i = 0; !stop; ++i) {
      source_.failures = i % 3 == 0 ? 1 : 0;
      source_.ignore_range = i % 7 == 0;
      std::this_thread::yield();
    }
  });
  EXPECT_TRUE(read_at_random(*cache, source_, contents, 7, 200));
  stop = true;
}

// The process that is killed in the next test.
TEST_F(StressTest, DISABLED_Victim) {
  const std::string settings = env_or_empty(kChildVariable);
  ASSERT_FALSE(settings.empty());
  set_log_level(LogLevel::error);
  CacheOptions child_options = options(80 * kBlockBytes);
  child_options.folder = settings.substr(0, settings.find(':')) + "/cache";
  const auto contents = some_contents();
  for (const std::string& content : contents) source_.add(content);
  const auto cache = std::move(*Cache::open(child_options, metrics_));
  const auto seed = static_cast<std::uint32_t>(std::stoul(settings.substr(settings.find(':') + 1)));
  ASSERT_TRUE(read_at_random(*cache, source_, contents, seed, 1 << 20));
}

// Goal: SIGKILL at any moment leaves a cache that works and has no wrong byte.
TEST_F(StressTest, AProcessThatIsKilledLeavesNoWrongByte) {
  const auto contents = some_contents();
  for (const std::string& content : contents) source_.add(content);
  std::mt19937 random(42);
  for (int round = 0; round < 6; ++round) {
    // Forked and executed: a sanitizer allows no threads in a forked process.
    const std::string settings = folder_ + ":" + std::to_string(round);
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv(kChildVariable, settings.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
      ::execl("/proc/self/exe", "cache_test", "--gtest_also_run_disabled_tests",
              "--gtest_filter=StressTest.DISABLED_Victim", nullptr);
      ::_exit(127);
    }
    ::usleep(static_cast<useconds_t>(40'000 + random() % 60'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child read a wrong byte";
    const auto cache = open_cache(80 * kBlockBytes);
    ASSERT_TRUE(read_at_random(*cache, source_, contents, 1000, 10));
  }
  const auto cache = open_cache();
  for (const std::string& content : contents) {
    const auto object = *cache->open_object(id_of(content), source_);
    EXPECT_EQ(*read_all(*object), content);
  }
  EXPECT_TRUE(cache->verify({}, nullptr)->corrupt.empty());
}

}  // namespace
}  // namespace lazylfs::cache
