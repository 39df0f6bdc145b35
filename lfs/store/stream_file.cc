// A ring of blocks in one piece of memory. The caller fills the block at `made`, and a writer and a
// hasher follow at their own speed; a block is free again when both are done with it. Blocks are
// counted from the beginning of the stream, so that block n lies at n % kBlocks of the ring.
//
// The writer goes past the page cache (O_DIRECT) where the file system can: the copy in the store
// of what was just cleaned or fetched is seldom read soon, and filling the page cache with it costs
// more processor time than receiving it, besides what it drives out. That needs a disk that keeps
// up: one that is slower than kDirectRateMin is written through the page cache, which returns
// sooner. Direct writes begin and end at whole blocks of the file; its first block ends at such a
// boundary, and its last is written as usual.
//
// Git cleans a file again whenever its times changed, so a long stream is often what the store
// holds already, its likeness. Then the writer compares it with that instead: a read, and no disk
// space. What is stored stays the hash's word.
#include "lfs/store/stream_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "lfs/base/fd.h"
#include "lfs/base/handle.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kBlockBytes = 512U << 10U;
constexpr std::uint64_t kBlocks = 8;
// A write takes what is ready, but not more than this, so that the caller gets blocks back.
constexpr std::uint64_t kBlocksPerWrite = 4;
constexpr std::size_t kAlignment = 4096;
// Bytes per second, judged over kJudgedBytes at a time.
constexpr double kDirectRateMin = 150e6;
constexpr std::uint64_t kJudgedBytes = 32U << 20U;

using Memory = Handle<std::byte, std::free>;

Memory aligned_memory(std::size_t bytes) {
  return Memory(static_cast<std::byte*>(std::aligned_alloc(kAlignment, bytes)));
}

// Reads or writes one file, past the page cache while that is possible and fast.
class DirectFile {
 public:
  // `mode` is O_RDONLY or O_WRONLY. The direct descriptor is another one, since its flag would hold
  // for all who have `fd`, too.
  DirectFile(int fd, int mode) : fd_(fd) {
    Result<Fd> direct = open_file("/proc/self/fd/" + std::to_string(fd), mode | O_DIRECT);
    if (direct) direct_ = std::move(*direct);
  }

  Result<void> write(std::span<const std::byte> data, std::uint64_t offset) {
    return move(data.size(), offset, [&](int fd) { return pwrite_all(fd, data, offset); });
  }

  Result<std::size_t> read(std::span<std::byte> into, std::uint64_t offset) {
    return move(into.size(), offset, [&](int fd) { return pread_full(fd, into, offset); });
  }

 private:
  template <typename Move>
  std::invoke_result_t<Move, int> move(std::size_t bytes, std::uint64_t offset, const Move& how) {
    const bool whole = offset % kAlignment == 0 && bytes % kAlignment == 0;
    if (!direct_ || !whole) return how(fd_);
    const auto began = std::chrono::steady_clock::now();
    auto moved = how(direct_.get());
    if (!moved && moved.error().sys_errno() == EINVAL) {  // a larger alignment, or none
      direct_.reset();
      return how(fd_);
    }
    judge(bytes, std::chrono::steady_clock::now() - began);
    return moved;
  }

  void judge(std::size_t bytes, std::chrono::duration<double> took) {
    judged_bytes_ += bytes;
    judged_s_ += took.count();
    if (judged_bytes_ < kJudgedBytes) return;
    if (static_cast<double>(judged_bytes_) < kDirectRateMin * judged_s_) direct_.reset();
    judged_bytes_ = 0;
    judged_s_ = 0;
  }

  const int fd_;
  Fd direct_;
  std::uint64_t judged_bytes_ = 0;
  double judged_s_ = 0;
};

// Writes pieces of one file in turn, from the first on that the likeness does not have.
class PieceWriter {
 public:
  PieceWriter(int fd, std::uint64_t base, int likeness) : file_(fd, O_WRONLY), base_(base) {
    if (likeness < 0) return;
    likeness_.emplace(likeness, O_RDONLY);
    compared_ = aligned_memory(kBlocksPerWrite * kBlockBytes);
  }

  Result<void> write(std::span<const std::byte> data, std::uint64_t offset) {
    if (likeness_) {
      if (TRY(is_alike(data, offset))) return {};
      TRY(write_compared(offset));
    }
    return file_.write(data, offset);
  }

  // What was equal up to `end` goes to the file.
  Result<void> write_compared(std::uint64_t end) {
    if (!likeness_) return {};
    for (std::uint64_t at = base_; at < end;) {
      const std::uint64_t block_end = std::min(at / kBlockBytes * kBlockBytes + kBlockBytes, end);
      const std::span<std::byte> piece(compared_.get(), block_end - at);
      if (TRY(likeness_->read(piece, at)) < piece.size()) {
        return Error(Errc::io, "a stored object became shorter");
      }
      TRY(file_.write(piece, at));
      at = block_end;
    }
    likeness_.reset();
    compared_.reset();
    return {};
  }

 private:
  Result<bool> is_alike(std::span<const std::byte> data, std::uint64_t offset) {
    const std::span<std::byte> piece(compared_.get(), data.size());
    const std::size_t got = TRY(likeness_->read(piece, offset));
    return got == data.size() && std::memcmp(piece.data(), data.data(), got) == 0;
  }

  DirectFile file_;
  const std::uint64_t base_;
  std::optional<DirectFile> likeness_;
  Memory compared_;
};

}  // namespace

class StreamFile::Impl {
 public:
  Impl(int fd, std::uint64_t size, const Sha256& hash, int likeness)
      : fd_(fd),
        memory_(aligned_memory(kBlocks * kBlockBytes)),
        base_(size),
        first_bytes_(kBlockBytes - static_cast<std::size_t>(size % kBlockBytes)),
        end_(size),
        pieces_(fd, size, likeness),
        hash_(hash),
        writer_([this] { run_writer(); }),
        hasher_([this] { run_hasher(); }) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    writer_.join();
    hasher_.join();
  }

  std::span<std::byte> space() { return std::span(block(made_), bytes_of(made_)).subspan(used_); }

  Result<void> filled(std::size_t count) {
    used_ += count;
    if (used_ < bytes_of(made_)) return {};
    hand_over();
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [this] { return failed_ || made_ < std::min(written_, hashed_) + kBlocks; });
    return failed_ ? Result<void>(*failed_) : Result<void>();
  }

  Result<void> wait(bool hashed_too) {
    if (used_ > 0) hand_over();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return failed_ ||
             (written_ == made_ && (!hashed_too || (hash_caught_up_ && hashed_ == made_)));
    });
    return failed_ ? Result<void>(*failed_) : Result<void>();
  }

  // After wait(true).
  Oid digest() const { return hash_.digest(); }
  Result<void> write_compared() { return pieces_.write_compared(end_); }

 private:
  std::byte* block(std::uint64_t number) {
    return memory_.get() + (number % kBlocks) * kBlockBytes;
  }
  std::size_t bytes_of(std::uint64_t number) const {
    return number == 0 ? first_bytes_ : kBlockBytes;
  }
  std::uint64_t offset_of(std::uint64_t number) const {
    return number == 0 ? base_ : base_ + first_bytes_ + (number - 1) * kBlockBytes;
  }
  void hand_over();
  void fail(const Error& error);
  std::span<const std::byte> next_piece(std::uint64_t from, std::uint64_t blocks_max);
  void run_writer();
  void run_hasher();
  Result<void> hash_what_was_there();

  const int fd_;
  const Memory memory_;
  const std::uint64_t base_;       // the file's bytes before the stream
  const std::size_t first_bytes_;  // the first block ends where a block of the file ends
  std::uint64_t end_;              // of what was handed over; the caller's
  std::size_t used_ = 0;           // of the block at made_; the caller's

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t made_ = 0;  // blocks; changed by the caller alone
  std::uint64_t written_ = 0, hashed_ = 0;
  std::size_t last_bytes_ = 0;   // of block made_ - 1
  bool hash_caught_up_ = false;  // with what was there before the stream
  bool stopping_ = false;
  std::optional<Error> failed_;

  PieceWriter pieces_;  // the writer's until written_ == made_
  Sha256 hash_;         // the hasher's until hashed_ == made_
  std::thread writer_, hasher_;
};

// A block that is not full is the last one of the stream.
void StreamFile::Impl::hand_over() {
  {
    const std::lock_guard lock(mutex_);
    last_bytes_ = used_;
    end_ = offset_of(made_) + used_;
    ++made_;
  }
  used_ = 0;
  changed_.notify_all();
}

void StreamFile::Impl::fail(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (!failed_) failed_ = error;
  }
  changed_.notify_all();
}

// Waits for blocks from number `from` on, and gives those that lie side by side; empty at the end.
std::span<const std::byte> StreamFile::Impl::next_piece(std::uint64_t from,
                                                        std::uint64_t blocks_max) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopping_ || failed_ || made_ > from; });
  if (stopping_ || failed_) return {};
  const std::uint64_t to_end_of_ring = from == 0 ? 1 : kBlocks - from % kBlocks;
  const std::uint64_t count = std::min({made_ - from, blocks_max, to_end_of_ring});
  std::size_t bytes = static_cast<std::size_t>(count - 1) * kBlockBytes;
  bytes += from + count == made_ ? last_bytes_ : bytes_of(from + count - 1);
  return {block(from), bytes};
}

void StreamFile::Impl::run_writer() {
  std::uint64_t number = 0;
  while (true) {
    const std::span<const std::byte> piece = next_piece(number, kBlocksPerWrite);
    if (piece.empty()) return;
    if (Result<void> done = pieces_.write(piece, offset_of(number)); !done) {
      fail(done.error());
      return;
    }
    number += (piece.size() + kBlockBytes - 1) / kBlockBytes;
    {
      const std::lock_guard lock(mutex_);
      written_ = number;
    }
    changed_.notify_all();
  }
}

Result<void> StreamFile::Impl::hash_what_was_there() {
  if (hash_.bytes_hashed() == base_) return {};
  std::vector<std::byte> buffer(256U << 10U);
  while (hash_.bytes_hashed() < base_) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return {};
    }
    const std::uint64_t left = base_ - hash_.bytes_hashed();
    const std::span<std::byte> part = std::span(buffer).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left)));
    if (TRY(pread_full(fd_, part, hash_.bytes_hashed())) < part.size()) {
      return Error(Errc::io, "a partial download became shorter");
    }
    hash_.update(part);
  }
  return {};
}

void StreamFile::Impl::run_hasher() {
  if (const Result<void> done = hash_what_was_there(); !done) {
    fail(done.error());
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    hash_caught_up_ = true;
  }
  changed_.notify_all();
  for (std::uint64_t number = 0;; ++number) {
    const std::span<const std::byte> piece = next_piece(number, 1);
    if (piece.empty()) return;
    hash_.update(piece);
    {
      const std::lock_guard lock(mutex_);
      hashed_ = number + 1;
    }
    changed_.notify_all();
  }
}

StreamFile::StreamFile(int fd, std::uint64_t size, const Sha256& hash, int likeness)
    : impl_(std::make_unique<Impl>(fd, size, hash, likeness)) {}
StreamFile::StreamFile(StreamFile&&) noexcept = default;
StreamFile::~StreamFile() = default;

std::span<std::byte> StreamFile::space() { return impl_->space(); }

Result<void> StreamFile::filled(std::size_t count) { return impl_->filled(count); }

Result<void> StreamFile::write(std::span<const std::byte> data) {
  while (!data.empty()) {
    const std::span<std::byte> room = impl_->space();
    const std::size_t count = std::min(room.size(), data.size());
    std::memcpy(room.data(), data.data(), count);
    TRY(impl_->filled(count));
    data = data.subspan(count);
  }
  return {};
}

Result<void> StreamFile::flush() { return impl_->wait(false); }

Result<Oid> StreamFile::finish() {
  TRY(impl_->wait(true));
  return impl_->digest();
}

Result<void> StreamFile::write_compared() { return impl_->write_compared(); }

}  // namespace lazylfs::lfs
