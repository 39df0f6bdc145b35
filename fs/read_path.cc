// Life of a read, from the kernel's request on:
//
//  1. The object is complete: its file is spliced to the kernel.
//  2. All bytes are present: they are copied from the partial object.
//  3. Otherwise the read becomes a WaitingRead, the FUSE worker goes back to the kernel, and the
//     cache calls when the bytes have landed. So blocked downloads never use up the workers.
//
// Three parties may end a WaitingRead: the cache's callback, the reader's interrupt, and the end
// of the mount. Whoever sets `claimed` answers; the others do nothing. libfuse calls the
// interrupt function with a plain pointer, possibly while the completion frees what it points to;
// the pointer is therefore a number, looked up in a table of those that still wait.
#include "fs/read_path.h"

#include <thread>
#include <vector>

#include "lfs/base/trace.h"

namespace lazylfs::fs {
namespace {

// Beyond it a request and its header do not fit the kernel's largest pipe.
constexpr std::size_t kSpliceMax = 512U << 10U;
constexpr std::size_t kSiblingsForeseen = 200;
// Content can become unreadable between the promise and the copy (quarantine): ask again.
constexpr int kAttemptsMax = 3;

}  // namespace

class WaitingRead : public std::enable_shared_from_this<WaitingRead> {
 public:
  WaitingRead(ReadPath& path, Reply reply, std::shared_ptr<OpenFile> file, ByteRange range)
      : path_(path),
        reply_(std::move(reply)),
        file_(std::move(file)),
        range_(range),
        id_(path.next_id_++) {}
  WaitingRead(const WaitingRead&) = delete;
  WaitingRead& operator=(const WaitingRead&) = delete;
  ~WaitingRead() = default;

  std::uint64_t id() const { return id_; }

  void start() {
    // Set first: the interrupt function runs inside this call when the reader has gone already,
    // and the request must not be answered there, since libfuse still uses it afterwards.
    registering_ = true;
    fuse_req_interrupt_func(reply_.request(), path_.parts_.on_interrupt,
                            reinterpret_cast<void*>(id_));  // NOLINT: a number, never followed
    registering_ = false;
    if (interrupted_) {
      give_up();
      return;
    }
    ask();
  }

  void interrupt() {
    interrupted_ = true;
    if (!registering_) give_up();
  }

  void give_up() {
    if (claimed_.exchange(true)) return;
    path_.parts_.metrics.add(Counter::fuse_interrupts);
    path_.waiting_.lock()->reads.erase(id_);
    reply_.errno_value(EINTR);
    std::shared_ptr<cache::PendingRead> pending = *pending_.lock();
    if (pending) pending->cancel();
  }

 private:
  void ask() {
    const std::thread::id asking = std::this_thread::get_id();
    auto pending = file_->object()->read_when_ready(
        range_, [self = shared_from_this(), asking](Result<void> result) {
          if (std::this_thread::get_id() == asking) {
            self->finish(result);
          } else {
            self->path_.parts_.completions.post(
                [self, result = std::move(result)] { self->finish(result); });
          }
        });
    *pending_.lock() = pending;
    if (interrupted_ && pending) pending->cancel();  // give_up() may have come too early for it
  }

  void finish(const Result<void>& result) {
    if (claimed_) return;
    if (result.has_value() && !present() && ++attempts_ < kAttemptsMax) {
      ask();
      return;
    }
    if (claimed_.exchange(true)) return;
    path_.waiting_.lock()->reads.erase(id_);
    path_.parts_.metrics.record(Latency::read_miss, ReadPath::Clock::now() - started_);
    if (!result.has_value()) {
      path_.fail(reply_, *file_, result.error());
    } else if (!path_.try_now(reply_, *file_, range_)) {
      path_.fail(reply_, *file_,
                 file_->object()->last_error().value_or(
                     Error(Errc::io, "bytes that had arrived cannot be read")));
    }
  }

  // Whether the last byte can be read; the rest came before it.
  bool present() {
    if (file_->object()->complete_fd() >= 0) return true;
    std::byte last{};
    const auto count = file_->object()->read_present(range_.end() - 1, {&last, 1});
    return !count.has_value() || *count == 1;
  }

  ReadPath& path_;
  Reply reply_;
  std::shared_ptr<OpenFile> file_;
  const ByteRange range_;
  const std::uint64_t id_;
  const ReadPath::Clock::time_point started_ = ReadPath::Clock::now();
  std::atomic<bool> claimed_{false}, interrupted_{false}, registering_{false};
  std::atomic<int> attempts_{0};
  Guarded<std::shared_ptr<cache::PendingRead>> pending_;
};

void ReadPath::read(Reply reply, InodeNumber ino, ByteRange range) {
  parts_.metrics.add(Counter::fuse_reads);
  Result<std::shared_ptr<OpenFile>> file = parts_.files.acquire(ino);
  if (!file) {
    reply.error(file.error(), Asked::content);
    return;
  }
  range = range.intersect({0, (*file)->content().size});
  if (range.empty()) {
    reply.data(std::string_view());
    return;
  }
  parts_.metrics.add(Counter::fuse_read_bytes, range.length);
  if (refuse_poisoned(reply, **file)) return;
  if ((*file)->object()) {
    read_object(std::move(reply), *file, range);
  } else {
    read_plain(std::move(reply), *file, range);
  }
}

void ReadPath::read_object(Reply reply, const std::shared_ptr<OpenFile>& file, ByteRange range) {
  const Clock::time_point started = Clock::now();
  // Content that lies in the cache for long needs no company; what was fetched ahead keeps the
  // run going.
  const bool begins = file->first_read();
  if (begins) file->object()->mark_used();
  const bool first = begins && (file->object()->complete_fd() < 0 || file->fetched_ahead());
  if (try_now(reply, *file, range)) {
    parts_.metrics.add(Counter::cache_hits);
    parts_.metrics.record(Latency::read_hit, Clock::now() - started);
  } else if (reply.request() != nullptr) {
    parts_.metrics.add(Counter::cache_misses);
    // The neighbours' names come before the demand, so that its batch call carries them.
    if (first) look_around(*file);
    auto waiting = std::make_shared<WaitingRead>(*this, std::move(reply), file, range);
    {
      auto table = waiting_.lock();
      if (!table->closed) table->reads.emplace(waiting->id(), waiting);
    }
    waiting->start();
    look_ahead(*file, range);
    if (waiting_.lock()->closed) waiting->give_up();
    return;
  }
  if (file->object()->complete_fd() < 0) look_ahead(*file, range);
  if (first) look_around(*file);
}

// False when the bytes are not here and nothing was answered.
bool ReadPath::try_now(Reply& reply, OpenFile& file, ByteRange range) {
  cache::Object& object = *file.object();
  const int fd = object.complete_fd();
  if (fd >= 0 && range.length <= kSpliceMax) {
    if (refuse_poisoned(reply, file)) return true;
    reply.file_data(fd, range.offset, range.length);
    return true;
  }
  std::vector<std::byte> bytes(range.length);
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto count = object.read_present(range.offset + filled, std::span(bytes).subspan(filled));
    // A failed read of what is here: waiting for it makes the cache fetch it anew or say why not.
    if (!count.has_value() || *count == 0) return false;
    filled += *count;
  }
  // Last: what was copied may be from after a mismatch, and the reader's earlier bytes from before.
  if (refuse_poisoned(reply, file)) return true;
  reply.data(std::span<const std::byte>(bytes));
  return true;
}

bool ReadPath::refuse_poisoned(Reply& reply, OpenFile& file) {
  if (file.has_new_mismatch()) learn_of_mismatch(file);
  if (!file.poisoned()) return false;
  reply.error(Error(Errc::corrupt, "the content did not match its OID; open the file again"),
              Asked::content);
  return true;
}

// Blocks that were handed out before the check may be in the page cache.
void ReadPath::learn_of_mismatch(OpenFile& file) {
  Notifier* notifier = notifier_;
  if (file.poison() && notifier != nullptr) notifier->drop_pages(file.ino());
}

void ReadPath::look_ahead(OpenFile& file, ByteRange range) {
  const std::vector<ByteRange> ranges = file.read_ahead().lock()->on_read(range);
  for (const ByteRange& ahead : ranges) {
    parts_.metrics.add(Counter::read_ahead_bytes, ahead.length);
    file.object()->prefetch(ahead, Priority::read_ahead);
  }
}

void ReadPath::look_around(OpenFile& file) {
  const std::vector<Sibling> next = parts_.tree.siblings(file.ino(), kSiblingsForeseen);
  if (next.empty()) return;
  std::vector<ObjectId> ids;
  ids.reserve(next.size());
  for (const Sibling& sibling : next) ids.push_back(sibling.object);
  parts_.downloader.expect(ids);
  for (const Sibling& sibling :
       folder_ahead_.on_first_read(file.ino(), file.content().size, next)) {
    const auto neighbour = parts_.files.acquire_object(sibling.ino, sibling.object);
    if (!neighbour || (*neighbour)->object() == nullptr) continue;
    if ((*neighbour)->object()->complete_fd() >= 0) continue;
    parts_.metrics.add(Counter::prefetch_bytes, sibling.object.size);
    (*neighbour)->set_fetched_ahead();
    (*neighbour)->object()->prefetch({0, sibling.object.size}, Priority::read_ahead);
  }
}

void ReadPath::read_plain(Reply reply, const std::shared_ptr<OpenFile>& file, ByteRange range) {
  const auto answer = [range](Reply& to, const PlainContent& content) {
    if (content.file) {
      to.file_data(content.file.get(), range.offset, range.length);
    } else if (range.offset >= content.text.size()) {
      to.data(std::string_view());
    } else {
      to.data(std::string_view(content.text).substr(range.offset, range.length));
    }
  };
  if (const auto content = parts_.plain.find(file->content().blob)) {
    answer(reply, *content);
    return;
  }
  parts_.blocking.post([this, file, answer, reply = std::move(reply)]() mutable {
    auto content = parts_.plain.find(file->content().blob);
    if (!content) {
      auto loaded = parts_.plain.load(file->content().blob);
      if (!loaded) {
        reply.error(loaded.error(), Asked::content);
        return;
      }
      content = *loaded;
    }
    answer(reply, *content);
  });
}

void ReadPath::fail(Reply& reply, OpenFile& file, const Error& error) {
  if (error.code() != Errc::cancelled) {
    const Oid& oid = file.content().object.oid;
    parts_.last_errors.record(oid, error, parts_.downloader.last_trouble(oid));
  }
  if (error.code() == Errc::corrupt) {
    (void)file.has_new_mismatch();
    learn_of_mismatch(file);
  }
  reply.error(error.with_context("object " + file.content().object.oid.hex()), Asked::content);
}

void ReadPath::interrupt(std::uint64_t id) {
  std::shared_ptr<WaitingRead> read;
  {
    auto table = waiting_.lock();
    const auto found = table->reads.find(id);
    if (found == table->reads.end()) return;
    read = found->second;
  }
  read->interrupt();
}

void ReadPath::close() {
  std::vector<std::shared_ptr<WaitingRead>> reads;
  {
    auto table = waiting_.lock();
    table->closed = true;
    for (const auto& [id, read] : table->reads) reads.push_back(read);
  }
  for (const auto& read : reads) read->interrupt();
}

void ReadPath::drop_quarantined() {
  for (const std::shared_ptr<OpenFile>& file : parts_.files.all()) {
    if (file->has_new_mismatch()) learn_of_mismatch(*file);
  }
}

}  // namespace lazylfs::fs
