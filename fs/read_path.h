// A READ request's way to its bytes. See read_path.cc.
#pragma once

#include <atomic>
#include <memory>
#include <unordered_map>

#include "fs/folder_ahead.h"
#include "fs/last_errors.h"
#include "fs/notifier.h"
#include "fs/open_files.h"
#include "fs/plain_content.h"
#include "fs/reply.h"
#include "fs/workers.h"
#include "lfs/transfer/downloader.h"

namespace lazylfs::fs {

class WaitingRead;

// What the read path works with; all of it outlives it.
struct ReadPathParts {
  Tree& tree;
  OpenFiles& files;
  PlainContents& plain;
  lfs::Downloader& downloader;
  LastErrors& last_errors;
  Metrics& metrics;
  Workers& completions;  // answers reads whose bytes have come: never blocks
  Workers& blocking;     // waits for git
  // Finds its way back to interrupt(), with the id as data.
  fuse_interrupt_func_t on_interrupt;
};

// Thread-safe.
class ReadPath {
 public:
  explicit ReadPath(ReadPathParts parts) : parts_(parts) {}
  ReadPath(const ReadPath&) = delete;
  ReadPath& operator=(const ReadPath&) = delete;
  ~ReadPath() = default;

  void set_notifier(Notifier* notifier) { notifier_ = notifier; }

  // Answers, now or later from another thread.
  void read(Reply reply, InodeNumber ino, ByteRange range);

  // The asker of the waiting read `id` gave up: answers it with EINTR. Called with libfuse's lock
  // of the request held.
  void interrupt(std::uint64_t id);
  // Answers all that wait, and all that come, with EINTR.
  void close();

  // Drops the kernel's pages of objects that turned out to be corrupt.
  void drop_quarantined();

 private:
  friend class WaitingRead;
  using Clock = std::chrono::steady_clock;

  void read_object(Reply reply, const std::shared_ptr<OpenFile>& file, ByteRange range);
  void read_plain(Reply reply, const std::shared_ptr<OpenFile>& file, ByteRange range);
  bool try_now(Reply& reply, OpenFile& file, ByteRange range);
  void look_ahead(OpenFile& file, ByteRange range);
  void look_around(OpenFile& file);
  void fail(Reply& reply, OpenFile& file, const Error& error);
  bool refuse_poisoned(Reply& reply, OpenFile& file);
  void learn_of_mismatch(OpenFile& file);

  ReadPathParts parts_;
  std::atomic<Notifier*> notifier_{nullptr};
  FolderAhead folder_ahead_;
  std::atomic<std::uint64_t> next_id_{1};
  struct Waiting {
    std::unordered_map<std::uint64_t, std::shared_ptr<WaitingRead>> reads;
    bool closed = false;
  };
  Guarded<Waiting> waiting_;
};

}  // namespace lazylfs::fs
