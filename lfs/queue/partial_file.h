// A large download on its way: incomplete/<oid>.part, which a later attempt, run or client can
// continue, and its hash.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "lfs/base/fd.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"
#include "lfs/base/sha256.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

// Hashes a growing file on a thread of its own. It gets the buffers that were just written, as long
// as it keeps up; those it has no room for are read back from the page cache, so that the receiving
// thread never waits and memory is bounded. Thread-safe.
class FollowingHash {
 public:
  explicit FollowingHash(int fd);  // borrowed
  FollowingHash(const FollowingHash&) = delete;
  FollowingHash& operator=(const FollowingHash&) = delete;
  ~FollowingHash();

  using Buffer = std::vector<std::byte>;

  // The file's first `bytes` are final.
  void advance(std::uint64_t bytes);
  // The same; they end in `written`, for which the caller gets an empty buffer.
  void advance(std::uint64_t bytes, Buffer& written);
  // They are not: begin again.
  void restart();
  // The hash of the first `bytes`, once all are there.
  Result<Oid> finish(std::uint64_t bytes);

 private:
  struct Piece {
    std::uint64_t offset = 0;
    Buffer bytes;
  };
  void run();
  bool take_piece(Piece& piece);
  Result<void> read_piece(Piece& piece, std::uint64_t until) const;

  const int fd_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t available_ = 0, hashed_ = 0;
  std::deque<Piece> pieces_;  // ascending
  std::vector<Buffer> spare_;
  bool restarted_ = false, stopping_ = false;
  std::optional<Error> failed_;
  Sha256 hash_;
  std::thread thread_;
};

// Thread-compatible: one thread at a time.
class PartialFile {
 public:
  // Continues what an earlier attempt left, unless another process works on it: then a file of
  // another name is begun.
  static Result<PartialFile> open(const ObjectStore& store, const ObjectId& id);
  PartialFile(PartialFile&&) = default;
  PartialFile& operator=(PartialFile&&) = delete;

  std::uint64_t bytes() const { return bytes_; }
  // From which byte on the server should send; 0: all.
  std::uint64_t resume_from() const;
  Result<void> restart();
  Result<void> append(std::span<const std::byte> data);  // buffered
  Result<void> flush();
  // Compares size and hash; moves the object into the store, or removes the file.
  Result<void> finish();
  // Keeps the file for a later attempt, or removes it when it is empty or nobody would find it.
  void abandon();

 private:
  PartialFile(const ObjectStore& store, const ObjectId& id) : store_(&store), id_(id) {}
  Result<Oid> digest();

  const ObjectStore* store_;
  ObjectId id_;
  std::string path_;
  Fd fd_;
  bool own_name_ = false;
  std::uint64_t bytes_ = 0;  // in the file and in the buffer
  std::vector<std::byte> buffer_;
  std::unique_ptr<FollowingHash> hash_;  // for large objects; destroyed before fd_
};

// The text of a download whose content is wrong.
Error wrong_content(const ObjectId& expected, const Oid& got, std::uint64_t bytes);

// That the file at `path` is the object; else wrong_content().
Result<void> check_content(const std::string& path, const ObjectId& id);

}  // namespace lazylfs::lfs
