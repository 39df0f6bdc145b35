// The writer fills one buffer. A stream that ends within it is hashed there, and the disk is
// touched only when the store lacks the object: git cleans unchanged files often. When the buffer
// is full, a temporary file is made. From then on two buffers take turns: while a thread hashes
// one, it is written by the caller's thread, which then fills the other. So the digest, which is
// the slowest part, never waits for the disk or for the one who sends the stream.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "lfs/base/guarded.h"
#include "lfs/base/sha256.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kFirstBufferBytes = 120U << 10U;  // below malloc's threshold for mmap
constexpr std::size_t kBufferBytes = 1U << 20U;
// Streams longer than this pay for a thread.
constexpr std::uint64_t kThreadBytes = 4U << 20U;

// Raw memory that is not cleared first.
struct Buffer {
  std::unique_ptr<std::byte[]> bytes;  // NOLINT(modernize-avoid-c-arrays)
  std::size_t size = 0;

  void allocate(std::size_t count) {
    bytes.reset(new std::byte[count]);  // NOLINT(cppcoreguidelines-owning-memory)
    size = count;
  }
};

// Hashes one span at a time beside its caller. Thread-compatible.
class HashThread {
 public:
  explicit HashThread(Sha256& hash) : hash_(hash), thread_([this] { run(); }) {}
  HashThread(const HashThread&) = delete;
  HashThread& operator=(const HashThread&) = delete;
  ~HashThread() {
    wait();
    state_.lock()->stop = true;
    changed_.notify_all();
    thread_.join();
  }

  // `data` must live until the next wait().
  void start(std::span<const std::byte> data) {
    wait();
    state_.lock()->data = data;
    changed_.notify_all();
  }
  void wait() {
    auto state = state_.lock();
    changed_.wait(state.mutex_lock(), [&] { return state->data.empty(); });
  }

 private:
  struct State {
    std::span<const std::byte> data;  // empty: nothing to do
    bool stop = false;
  };

  void run() {
    while (true) {
      std::span<const std::byte> data;
      {
        auto state = state_.lock();
        changed_.wait(state.mutex_lock(), [&] { return state->stop || !state->data.empty(); });
        if (state->data.empty()) return;
        data = state->data;
      }
      hash_.update(data);
      state_.lock()->data = {};
      changed_.notify_all();
    }
  }

  Sha256& hash_;
  Guarded<State> state_;
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace

class ObjectWriter::Impl {
 public:
  explicit Impl(const ObjectStore& store) : store_(store) {
    buffers_[0].allocate(kFirstBufferBytes);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (!temporary_.path.empty()) ::unlink(temporary_.path.c_str());
  }

  std::span<std::byte> space() { return {current().bytes.get() + used_, current().size - used_}; }

  Result<void> filled(std::size_t count) {
    used_ += count;
    return used_ == current().size ? flush() : Result<void>();
  }

  Result<ObjectId> commit(OnClash on_clash);

 private:
  Buffer& current() { return buffers_.at(turn_); }
  Result<void> flush();
  Result<void> write_rest();
  Result<void> refuse_clash(const ObjectId& id);

  const ObjectStore& store_;
  ObjectStore::Temporary temporary_;
  std::array<Buffer, 2> buffers_;
  std::size_t turn_ = 0;
  std::size_t used_ = 0;  // bytes of the current buffer
  std::uint64_t flushed_ = 0;
  Sha256 hash_;
  std::unique_ptr<HashThread> thread_;
};

// Writes and hashes the current buffer and makes the other one current.
Result<void> ObjectWriter::Impl::flush() {
  if (temporary_.path.empty()) temporary_ = TRY(store_.make_temporary());
  const auto data = std::span<const std::byte>(current().bytes.get(), used_);
  if (!thread_ && flushed_ >= kThreadBytes) thread_ = std::make_unique<HashThread>(hash_);
  if (thread_) {
    thread_->start(data);
  } else {
    hash_.update(data);
  }
  TRY_CONTEXT("write " + temporary_.path, write_all(temporary_.fd.get(), data));
  flushed_ += used_;
  used_ = 0;
  turn_ = 1 - turn_;
  if (current().size < kBufferBytes) current().allocate(kBufferBytes);
  return {};
}

// What lies in the buffer goes to the file, and the digest is complete.
Result<void> ObjectWriter::Impl::write_rest() {
  const auto data = std::span<const std::byte>(current().bytes.get(), used_);
  if (thread_) thread_->wait();
  hash_.update(data);
  flushed_ += used_;
  used_ = 0;
  if (temporary_.path.empty()) return {};
  return write_all(temporary_.fd.get(), data);
}

Result<void> ObjectWriter::Impl::refuse_clash(const ObjectId& id) {
  const std::string place = store_.object_path(id.oid);
  struct stat status {};
  if (::stat(place.c_str(), &status) != 0) return {};
  const std::string written =
      temporary_.path.empty() ? store_.temporary_folder() + "/" + id.oid.hex() : temporary_.path;
  return Error(Errc::exists, "Files don't match:\n" + place + "\n" + written);
}

Result<ObjectId> ObjectWriter::Impl::commit(OnClash on_clash) {
  const bool in_memory = temporary_.path.empty();
  const auto data = std::span<const std::byte>(current().bytes.get(), used_);
  TRY(write_rest());
  const ObjectId id{hash_.digest(), flushed_};
  const std::string place = store_.object_path(id.oid);
  struct stat status {};
  if (id.size == 0) return id;
  if (::stat(place.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
      static_cast<std::uint64_t>(status.st_size) == id.size) {
    // Tells a prune that runs at the same time, and does not know of us, that it is wanted.
    const std::array<struct timespec, 2> read_now{timespec{0, UTIME_NOW}, timespec{0, UTIME_OMIT}};
    (void)::utimensat(AT_FDCWD, place.c_str(), read_now.data(), 0);
    return id;
  }
  if (on_clash == OnClash::refuse) TRY(refuse_clash(id));
  if (in_memory) {
    TRY(store_.put(data, id));
    return id;
  }
  temporary_.fd.reset();
  TRY(store_.move_in(temporary_.path, id));
  temporary_.path.clear();
  return id;
}

ObjectWriter::ObjectWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ObjectWriter::ObjectWriter(ObjectWriter&&) noexcept = default;
ObjectWriter& ObjectWriter::operator=(ObjectWriter&&) noexcept = default;
ObjectWriter::~ObjectWriter() = default;

Result<ObjectWriter> ObjectWriter::create(const ObjectStore& store) {
  return ObjectWriter(std::make_unique<Impl>(store));
}

std::span<std::byte> ObjectWriter::space() { return impl_->space(); }

Result<void> ObjectWriter::filled(std::size_t count) { return impl_->filled(count); }

Result<void> ObjectWriter::write(std::span<const std::byte> data) {
  while (!data.empty()) {
    const std::span<std::byte> room = impl_->space();
    const std::size_t count = std::min(room.size(), data.size());
    std::memcpy(room.data(), data.data(), count);
    TRY(impl_->filled(count));
    data = data.subspan(count);
  }
  return {};
}

Result<ObjectId> ObjectWriter::commit(OnClash on_clash) { return impl_->commit(on_clash); }

}  // namespace lazylfs::lfs
