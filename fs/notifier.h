// Tells the kernel what to forget, from a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <string>
#include <thread>

#include "fs/fuse_api.h"
#include "fs/tree.h"
#include "lfs/base/guarded.h"

namespace lazylfs::fs {

// A notification may wait in the kernel for pages that a read in flight has locked, or for a
// folder that a lookup holds; whoever sends it must therefore never be needed to answer one. This
// thread holds no lock and answers nobody. Thread-safe.
class Notifier {
 public:
  explicit Notifier(fuse_session* session);
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  ~Notifier();  // drops what is queued; the connection must be closed or answering by then

  void drop_pages(InodeNumber ino);  // content and attributes; of a folder: its listing
  void drop_entry(InodeNumber folder, std::string name);
  // Blocks until all that was asked before is done.
  void flush();

 private:
  struct Task {
    InodeNumber ino;
    std::string name;  // empty: the inode itself
  };
  struct Queue {
    std::deque<Task> tasks;
    bool closed = false, working = false;
  };

  void push(Task task);
  void run();

  fuse_session* session_;
  Guarded<Queue> queue_;
  std::condition_variable changed_;
  std::jthread thread_;
};

}  // namespace lazylfs::fs
