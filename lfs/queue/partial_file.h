// A large download on its way: incomplete/<oid>.part, which a later attempt, run or client can
// continue, and its hash.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lfs/base/fd.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"
#include "lfs/store/object_store.h"
#include "lfs/store/stream_file.h"

namespace lazylfs::lfs {

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
  // Compares size and hash; moves the object into the store, or removes the file.
  Result<void> finish();
  // Keeps the file for a later attempt, or removes it when it is empty or nobody would find it.
  void abandon();

 private:
  PartialFile(const ObjectStore& store, const ObjectId& id) : store_(&store), id_(id) {}
  Result<void> flush();
  Result<Oid> digest();

  const ObjectStore* store_;
  ObjectId id_;
  std::string path_;
  Fd fd_;
  bool own_name_ = false;
  std::uint64_t bytes_ = 0;           // in the file and on their way there
  std::vector<std::byte> buffer_;     // of small objects
  std::optional<StreamFile> stream_;  // of large ones; destroyed before fd_
};

// The text of a download whose content is wrong.
Error wrong_content(const ObjectId& expected, const Oid& got, std::uint64_t bytes);

// That the file at `path` is the object; else wrong_content().
Result<void> check_content(const std::string& path, const ObjectId& id);

}  // namespace lazylfs::lfs
