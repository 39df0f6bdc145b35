#include "fs/notifier.h"

namespace lazylfs::fs {

Notifier::Notifier(fuse_session* session) : session_(session), thread_([this] { run(); }) {}

Notifier::~Notifier() {
  {
    auto queue = queue_.lock();
    queue->closed = true;
    queue->tasks.clear();
  }
  changed_.notify_all();
}

void Notifier::drop_pages(InodeNumber ino) { push({ino, {}}); }
void Notifier::drop_entry(InodeNumber folder, std::string name) { push({folder, std::move(name)}); }

void Notifier::push(Task task) {
  queue_.lock()->tasks.push_back(std::move(task));
  changed_.notify_all();
}

void Notifier::flush() {
  auto queue = queue_.lock();
  while (!queue->closed && (queue->working || !queue->tasks.empty())) {
    changed_.wait(queue.mutex_lock());
  }
}

void Notifier::run() {
  for (;;) {
    Task task;
    {
      auto queue = queue_.lock();
      queue->working = false;
      changed_.notify_all();
      while (queue->tasks.empty() && !queue->closed) changed_.wait(queue.mutex_lock());
      if (queue->closed) return;
      task = std::move(queue->tasks.front());
      queue->tasks.pop_front();
      queue->working = true;
    }
    // ENOENT means that the kernel had forgotten already.
    if (task.name.empty()) {
      (void)fuse_lowlevel_notify_inval_inode(session_, task.ino.value, 0, 0);
    } else {
      (void)fuse_lowlevel_notify_inval_entry(session_, task.ino.value, task.name.data(),
                                             task.name.size());
    }
  }
}

}  // namespace lazylfs::fs
