#include "tests/unit/cache/fake_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <thread>

#include "lfs/base/files.h"

namespace lazylfs::cache {

std::string make_content(std::size_t size, std::uint32_t seed) {
  std::mt19937_64 random(seed);
  std::string content(size, '\0');
  for (std::size_t at = 0; at < size; at += 8) {
    const std::uint64_t word = random();
    std::memcpy(content.data() + at, &word, std::min<std::size_t>(8, size - at));
  }
  return content;
}

ObjectId id_of(const std::string& content) { return {Sha256::of(content), content.size()}; }

namespace {

class FakeFetch final : public Fetch {
 public:
  explicit FakeFetch(std::shared_ptr<FakeSource::Request> request) : request_(std::move(request)) {}
  ~FakeFetch() override { cancel(); }
  void cancel() override {
    request_->cancelled = true;
    request_->finish(Error(Errc::cancelled, "the fetch was cancelled"));
  }
  void raise(Priority priority) override { request_->priority = priority; }

 private:
  std::shared_ptr<FakeSource::Request> request_;
};

}  // namespace

void FakeSource::Request::finish(const Result<void>& result) {
  std::shared_ptr<ByteSink> last;
  {
    const std::lock_guard lock(mutex);
    std::swap(last, sink);
  }
  if (last) last->done(result);
}

ObjectId FakeSource::add(const std::string& content) {
  const ObjectId id = id_of(content);
  (*contents_.lock())[id.oid] = std::make_shared<const std::string>(content);
  return id;
}

std::unique_ptr<Fetch> FakeSource::start(const ObjectId& id, ByteRange range, Priority priority,
                                         std::shared_ptr<ByteSink> sink) {
  auto request = std::make_shared<Request>();
  request->id = id;
  request->range = range;
  request->priority = priority;
  request->sink = std::move(sink);
  requests_.lock()->push_back(request);
  started_.notify_all();
  if (!manual) thread_.post([this, request] { run(request); });
  return std::make_unique<FakeFetch>(request);
}

Fd FakeSource::open_local(const ObjectId& id) {
  const auto found = local_paths.find(id.oid);
  if (found == local_paths.end()) return {};
  Result<Fd> file = open_file(found->second, O_RDONLY);
  return file ? std::move(*file) : Fd();
}

void FakeSource::run(const std::shared_ptr<Request>& request) {
  if (failures > 0) {
    --failures;
    return request->finish(Error(Errc::transient, "the server is unwell"));
  }
  ByteRange range = request->range;
  if (ignore_range) range = {0, request->id.size};
  deliver(*request, range);
  request->finish({});
}

void FakeSource::deliver(Request& request, ByteRange range) {
  const std::shared_ptr<const std::string> content = contents_.lock()->at(request.id.oid);
  const std::lock_guard lock(request.mutex);
  if (request.sink && !request.range.contains(range)) request.sink->begin(range);
  for (std::uint64_t at = range.offset; at < range.end() && request.sink; at += chunk_bytes) {
    std::string chunk = content->substr(at, std::min<std::uint64_t>(chunk_bytes, range.end() - at));
    const auto bad = static_cast<std::uint64_t>(corrupt_at.load());
    if (corrupt_at >= 0 && bad >= at && bad < at + chunk.size()) chunk[bad - at] ^= 1;
    const Result<void> taken = request.sink->data(at, as_bytes(chunk));
    if (!taken) {
      const std::shared_ptr<ByteSink> last = std::move(request.sink);
      last->done(taken);
      return;
    }
  }
}

std::shared_ptr<FakeSource::Request> FakeSource::request(std::size_t index) {
  auto requests = requests_.lock();
  started_.wait(requests.mutex_lock(), [&] { return requests->size() > index; });
  return (*requests)[index];
}

std::vector<ByteRange> FakeSource::ranges() const {
  std::vector<ByteRange> ranges;
  auto requests = requests_.lock();
  for (const auto& request : *requests) ranges.push_back(request->range);
  return ranges;
}

std::uint64_t FakeSource::bytes_asked() const {
  std::uint64_t bytes = 0;
  for (const ByteRange& range : ranges()) bytes += range.length;
  return bytes;
}

CacheTest::CacheTest() {
  std::string pattern = std::filesystem::temp_directory_path().string() + "/cache-test-XXXXXX";
  folder_ = ::mkdtemp(pattern.data());
}

CacheTest::~CacheTest() {
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

CacheOptions CacheTest::options(std::uint64_t size_max) const {
  CacheOptions options;
  options.folder = folder_ + "/cache";
  options.size_max = size_max;
  options.free_space_min = 0;
  return options;
}

std::unique_ptr<Cache> CacheTest::open_cache(std::uint64_t size_max) {
  Result<std::unique_ptr<Cache>> cache = Cache::open(options(size_max), metrics_);
  EXPECT_THAT(cache, IsOk());
  return cache ? std::move(*cache) : nullptr;
}

std::future<Result<void>> when_ready(Object& object, ByteRange range,
                                     std::shared_ptr<PendingRead>* pending) {
  auto promise = std::make_shared<std::promise<Result<void>>>();
  std::future<Result<void>> future = promise->get_future();
  auto read = object.read_when_ready(
      range, [promise](Result<void> result) { promise->set_value(std::move(result)); });
  if (pending != nullptr) *pending = std::move(read);
  return future;
}

Result<std::string> read(Object& object, ByteRange range) {
  std::string text(range.length, '\0');
  std::size_t have = 0;
  // Blocks may be evicted between the answer and the read.
  while (have < text.size()) {
    TRY(when_ready(object, {range.offset + have, range.length - have}).get());
    const auto into = std::as_writable_bytes(std::span(text).subspan(have));
    have += TRY(object.read_present(range.offset + have, into));
  }
  return text;
}

Result<std::string> read_all(Object& object) { return read(object, {0, object.id().size}); }

void wait_until_stored(const std::string& folder, const Oid& oid) {
  const std::string path = Layout(folder).object(oid);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!file_exists(path)) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << path << " does not come";
      return;
    }
    std::this_thread::yield();
  }
}

}  // namespace lazylfs::cache
