// A source of bytes that does what the test says, and the folder and helpers that the tests share.
#pragma once

#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cache/blocks.h"
#include "cache/cache.h"
#include "cache/layout.h"
#include "cache/source.h"
#include "cache/task_thread.h"
#include "lfs/base/guarded.h"
#include "lfs/base/sha256.h"

namespace lazylfs::cache {

MATCHER(IsOk, "") {
  if (!arg.has_value()) *result_listener << arg.error().message();
  return arg.has_value();
}
MATCHER_P(HasCode, code, "") {
  if (!arg.has_value()) *result_listener << arg.error().message();
  return !arg.has_value() && arg.error().code() == code;
}

// Bytes that differ everywhere, the same for the same seed.
std::string make_content(std::size_t size, std::uint32_t seed = 1);
ObjectId id_of(const std::string& content);

// Thread-safe. Delivers by itself unless `manual`, from a thread of its own.
class FakeSource final : public Source {
 public:
  struct Request {
    ObjectId id;
    ByteRange range;
    std::atomic<Priority> priority{Priority::demand};
    std::atomic<bool> cancelled{false};
    std::shared_ptr<ByteSink> sink;  // empty when done
    std::mutex mutex;                // held over calls of the sink
    void finish(const Result<void>& result);
  };

  ObjectId add(const std::string& content);
  std::unique_ptr<Fetch> start(const ObjectId& id, ByteRange range, Priority priority,
                               std::shared_ptr<ByteSink> sink) override;
  Fd open_local(const ObjectId& id) override;

  // Manual delivery.
  std::shared_ptr<Request> request(std::size_t index);  // waits for it
  void deliver(Request& request, ByteRange range);
  std::size_t count() const { return requests_.lock()->size(); }
  std::vector<ByteRange> ranges() const;
  std::uint64_t bytes_asked() const;

  std::atomic<bool> manual{false};
  std::atomic<bool> ignore_range{false};
  std::atomic<std::int64_t> corrupt_at{-1};  // the byte there is delivered flipped
  std::atomic<int> failures{0};              // so many requests fail at once
  std::atomic<std::size_t> chunk_bytes{16384};
  std::map<Oid, std::string> local_paths;  // set before use

 private:
  void run(const std::shared_ptr<Request>& request);

  Guarded<std::map<Oid, std::shared_ptr<const std::string>>> contents_;
  Guarded<std::vector<std::shared_ptr<Request>>> requests_;
  std::condition_variable started_;
  TaskThread thread_;
};

// A cache folder that goes away with the test.
class CacheTest : public ::testing::Test {
 protected:
  CacheTest();
  ~CacheTest() override;

  std::unique_ptr<Cache> open_cache(std::uint64_t size_max = 0);
  CacheOptions options(std::uint64_t size_max = 0) const;

  std::string folder_;
  Metrics metrics_;
  FakeSource source_;
};

// Waits for the range and reads it.
Result<std::string> read(Object& object, ByteRange range);
Result<std::string> read_all(Object& object);

// What read_when_ready says, later.
std::future<Result<void>> when_ready(Object& object, ByteRange range,
                                     std::shared_ptr<PendingRead>* pending = nullptr);

// Waits until the object's file is in objects/.
void wait_until_stored(const std::string& folder, const Oid& oid);

}  // namespace lazylfs::cache
