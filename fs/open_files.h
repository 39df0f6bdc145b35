// The files that are being read.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "cache/cache.h"
#include "fs/read_ahead.h"
#include "fs/tree.h"
#include "lfs/base/guarded.h"
#include "lfs/base/result.h"

namespace lazylfs::fs {

// Held by shared_ptr because reads that wait end in any order, also after the last close.
// Thread-safe.
class OpenFile {
 public:
  OpenFile(InodeNumber ino, Content content, std::shared_ptr<cache::Object> object)
      : ino_(ino),
        content_(content),
        object_(std::move(object)),
        mismatches_(object_ ? object_->mismatches() : 0),
        read_ahead_(ReadAhead(content.size)) {}

  InodeNumber ino() const { return ino_; }
  const Content& content() const { return content_; }
  // Null for a plain blob.
  const std::shared_ptr<cache::Object>& object() const { return object_; }
  Guarded<ReadAhead>& read_ahead() { return read_ahead_; }

  // True for the first reader only.
  bool first_read() { return !read_.test_and_set(); }
  // As a neighbour of a file that was read.
  bool fetched_ahead() const { return fetched_ahead_.test(); }
  void set_fetched_ahead() { fetched_ahead_.test_and_set(); }
  // The object's verification failed: whoever has the file open may have had some of the wrong
  // bytes, and the kernel answers a failed read-ahead by asking once more. Reads therefore fail
  // until the file is opened anew, or, where nobody says when a file is opened, for a while.
  // True for the first call after poisoned() was last false.
  bool poison();
  bool poisoned() const;
  // Whether the object's verification failed since the last such question.
  bool has_new_mismatch() {
    const std::uint64_t now = object_ ? object_->mismatches() : 0;
    return mismatches_.exchange(now) != now;
  }
  // The kernel will say when it is closed.
  void set_opened() { opened_.test_and_set(); }

 private:
  const InodeNumber ino_;
  const Content content_;
  const std::shared_ptr<cache::Object> object_;
  std::atomic<std::uint64_t> mismatches_;
  Guarded<ReadAhead> read_ahead_;
  std::atomic_flag read_, fetched_ahead_, opened_;
  std::atomic<std::int64_t> poisoned_at_ns_{0};  // of the steady clock; 0: never
};

// Files by inode. In a mount without OPEN requests nobody says when a file is closed, so entries
// go when they were idle for a while, unless they are pinned by an open. Thread-safe.
class OpenFiles {
 public:
  OpenFiles(Tree& tree, cache::Cache& cache, cache::Source& source)
      : tree_(tree), cache_(cache), source_(source) {}

  // Opens the object when needed; never touches the network.
  Result<std::shared_ptr<OpenFile>> acquire(InodeNumber ino);
  // acquire() for a neighbour whose content is known to be `object`.
  Result<std::shared_ptr<OpenFile>> acquire_object(InodeNumber ino, const ObjectId& object);
  // As acquire, and keeps the file until unpin().
  Result<std::shared_ptr<OpenFile>> pin(InodeNumber ino);
  void unpin(InodeNumber ino);

  void close_idle();
  std::vector<std::shared_ptr<OpenFile>> all();

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    std::shared_ptr<OpenFile> file;
    std::uint64_t pins = 0;
    Clock::time_point last_use;
  };

  std::shared_ptr<OpenFile> find(InodeNumber ino, bool pin);
  Result<std::shared_ptr<OpenFile>> open(InodeNumber ino, const Content& content, bool pin);

  Tree& tree_;
  cache::Cache& cache_;
  cache::Source& source_;
  Guarded<std::unordered_map<std::uint64_t, Entry>> files_;
};

}  // namespace lazylfs::fs
