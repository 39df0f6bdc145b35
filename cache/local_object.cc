#include "cache/local_object.h"

#include <sys/stat.h>

#include <vector>

#include "cache/block_store.h"
#include "cache/complete_object.h"
#include "lfs/base/timespec.h"
#include "lfs/base/trace.h"

namespace lazylfs::cache {
namespace {

// A file up to this size is hashed while it is opened (half a millisecond).
constexpr std::uint64_t kHashAtOpenBytes = 1U << 20U;

std::optional<FileIdentity> identity_of(int fd, std::uint64_t size) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if (static_cast<std::uint64_t>(status.st_size) != size) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino, nanoseconds(status.st_mtim),
                      nanoseconds(status.st_ctim)};
}

// Hashes the file and remembers that it is the object.
bool is_object(Core& core, const ObjectId& id, int fd) {
  const std::optional<FileIdentity> before = identity_of(fd, id.size);
  const Result<FileDigest> digest = digest_file(fd);
  core.metrics().add(Counter::verified_objects);
  if (!before || !digest || digest->oid != id.oid) {
    core.metrics().add(Counter::verify_failures);
    log_line(LogLevel::warning,
             "the repository's own copy of " + id.oid.hex() + " is damaged and not used");
    return false;
  }
  const Result<void> noted = core.index().remember_local(id.oid, *before);
  if (!noted) log_line(LogLevel::warning, "cache: " + noted.error().message());
  return true;
}

}  // namespace

struct LocalObject::Waiter final : public PendingRead, public std::enable_shared_from_this<Waiter> {
  Waiter(std::weak_ptr<LocalObject> owner, ByteRange wanted, std::function<void(Result<void>)> then)
      : object(std::move(owner)), range(wanted), done(std::move(then)) {}
  void cancel() override {
    if (const auto owner = object.lock()) owner->cancel(shared_from_this());
  }

  const std::weak_ptr<LocalObject> object;
  const ByteRange range;
  std::function<void(Result<void>)> done;
  std::shared_ptr<PendingRead> forwarded;  // guarded by the object's lock
};

std::shared_ptr<Object> LocalObject::open(std::shared_ptr<Core> core, const ObjectId& id, Fd file,
                                          Fallback fallback) {
  const std::optional<FileIdentity> identity = identity_of(file.get(), id.size);
  if (!identity) return nullptr;
  const Result<bool> known = core->index().knows_local(id.oid, *identity);
  const bool believed = known.has_value() && *known;
  if (!believed && id.size > kHashAtOpenBytes) {
    return std::make_shared<LocalObject>(std::move(core), id, std::move(file), std::move(fallback));
  }
  if (!believed && !is_object(*core, id, file.get())) return nullptr;
  return std::make_shared<CompleteObject>(id, std::move(file), core->metrics());
}

ObjectState LocalObject::state() const {
  const auto object = judged();
  return object ? object->state() : ObjectState::remote;
}

std::uint64_t LocalObject::cached_bytes() const {
  const auto object = judged();
  return object ? object->cached_bytes() : 0;
}

Result<std::size_t> LocalObject::read_present(std::uint64_t offset, std::span<std::byte> into) {
  const auto object = judged();
  if (!object) return std::size_t{0};
  return object->read_present(offset, into);
}

int LocalObject::complete_fd() const {
  const auto object = judged();
  return object ? object->complete_fd() : -1;
}

std::optional<Error> LocalObject::last_error() const {
  const auto object = judged();
  return object ? object->last_error() : state_.lock()->failure;
}

void LocalObject::prefetch(ByteRange range, Priority priority) {
  const auto object = judged();
  if (object) return object->prefetch(range, priority);
  start();
}

std::shared_ptr<PendingRead> LocalObject::read_when_ready(ByteRange range,
                                                          std::function<void(Result<void>)> done) {
  std::shared_ptr<Object> object;
  std::optional<Error> failure;
  auto waiter = std::make_shared<Waiter>(weak_from_this(), range, std::move(done));
  {
    auto state = state_.lock();
    object = state->judged;
    failure = state->failure;
    if (!object && !failure) state->waiters.push_back(waiter);
  }
  if (object) return object->read_when_ready(range, std::move(waiter->done));
  if (failure) {
    waiter->done(*failure);
    return waiter;
  }
  core_->metrics().add(Counter::cache_misses);
  start();
  return waiter;
}

void LocalObject::start() {
  {
    auto state = state_.lock();
    if (state->started) return;
    state->started = true;
  }
  // Weak: an object that was closed meanwhile must not touch its source.
  core_->hasher().post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->judge();
  });
}

void LocalObject::judge() {
  Result<std::shared_ptr<Object>> object = std::shared_ptr<Object>();
  if (is_object(*core_, id_, file_.get())) {
    object = std::shared_ptr<Object>(
        std::make_shared<CompleteObject>(id_, std::move(file_), core_->metrics()));
  } else {
    object = fallback_();
  }
  std::list<std::shared_ptr<Waiter>> waiters;
  {
    auto state = state_.lock();
    if (object) {
      state->judged = *object;
    } else {
      state->failure = object.error();
    }
    std::swap(waiters, state->waiters);
  }
  for (const auto& waiter : waiters) {
    if (!object) {
      waiter->done(object.error());
      continue;
    }
    auto forwarded = (*object)->read_when_ready(waiter->range, std::move(waiter->done));
    auto state = state_.lock();
    waiter->forwarded = std::move(forwarded);
  }
}

void LocalObject::cancel(const std::shared_ptr<Waiter>& waiter) {
  std::shared_ptr<PendingRead> forwarded;
  {
    auto state = state_.lock();
    const auto before = state->waiters.size();
    state->waiters.remove(waiter);
    forwarded = waiter->forwarded;
    if (state->waiters.size() == before && !forwarded) return;
  }
  if (forwarded) return forwarded->cancel();
  waiter->done(Error(Errc::cancelled, "the read was cancelled"));
}

}  // namespace lazylfs::cache
