#include "fs/open_files.h"

namespace lazylfs::fs {
namespace {

constexpr std::chrono::seconds kIdle{10};
constexpr std::size_t kUnpinnedMax = 1024;
constexpr std::chrono::nanoseconds kPoisoned = std::chrono::seconds(2);

std::int64_t steady_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

}  // namespace

bool OpenFile::poison() {
  const bool was = poisoned();
  poisoned_at_ns_ = steady_ns();
  return !was;
}

bool OpenFile::poisoned() const {
  const std::int64_t at = poisoned_at_ns_;
  return at != 0 && (opened_.test() || steady_ns() - at < kPoisoned.count());
}

std::shared_ptr<OpenFile> OpenFiles::find(InodeNumber ino, bool pin) {
  auto files = files_.lock();
  const auto found = files->find(ino.value);
  if (found == files->end()) return nullptr;
  found->second.last_use = Clock::now();
  if (pin) {
    ++found->second.pins;
    found->second.file->set_opened();
  }
  return found->second.file;
}

Result<std::shared_ptr<OpenFile>> OpenFiles::acquire(InodeNumber ino) {
  if (auto file = find(ino, false)) return file;
  return open(ino, TRY(tree_.content(ino)), false);
}

Result<std::shared_ptr<OpenFile>> OpenFiles::acquire_object(InodeNumber ino,
                                                            const ObjectId& object) {
  if (auto file = find(ino, false)) return file;
  return open(ino, {.is_lfs = true, .object = object, .blob = {}, .size = object.size}, false);
}

Result<std::shared_ptr<OpenFile>> OpenFiles::pin(InodeNumber ino) {
  if (auto file = find(ino, true)) {
    // Through passthrough its reads would not be seen.
    if (file->object()) file->object()->mark_used();
    return file;
  }
  return open(ino, TRY(tree_.content(ino)), true);
}

Result<std::shared_ptr<OpenFile>> OpenFiles::open(InodeNumber ino, const Content& content,
                                                  bool pin) {
  std::shared_ptr<cache::Object> object;
  if (content.is_lfs) object = TRY(cache_.open_object(content.object, source_));
  auto file = std::make_shared<OpenFile>(ino, content, std::move(object));
  auto files = files_.lock();
  // Whoever opened it at the same time was first: all readers must share one read-ahead.
  Entry& entry =
      files->try_emplace(ino.value, Entry{.file = file, .pins = 0, .last_use = {}}).first->second;
  entry.last_use = Clock::now();
  if (pin) {
    ++entry.pins;
    entry.file->set_opened();
  }
  return entry.file;
}

void OpenFiles::unpin(InodeNumber ino) {
  std::shared_ptr<OpenFile> closed;  // destroyed after the lock is gone
  auto files = files_.lock();
  const auto found = files->find(ino.value);
  if (found == files->end() || found->second.pins == 0) return;
  if (--found->second.pins == 0 && found->second.file->poisoned()) {
    closed = std::move(found->second.file);
    files->erase(found);
  }
}

void OpenFiles::close_idle() {
  std::vector<std::shared_ptr<OpenFile>> closed;  // destroyed after the lock is gone
  auto files = files_.lock();
  const auto idle = files->size() > kUnpinnedMax ? kIdle / 10 : kIdle;
  const Clock::time_point limit = Clock::now() - idle;
  for (auto entry = files->begin(); entry != files->end();) {
    if (entry->second.pins == 0 && entry->second.last_use < limit) {
      closed.push_back(std::move(entry->second.file));
      entry = files->erase(entry);
    } else {
      ++entry;
    }
  }
}

std::vector<std::shared_ptr<OpenFile>> OpenFiles::all() {
  std::vector<std::shared_ptr<OpenFile>> result;
  auto files = files_.lock();
  result.reserve(files->size());
  for (const auto& [ino, entry] : *files) result.push_back(entry.file);
  return result;
}

}  // namespace lazylfs::fs
