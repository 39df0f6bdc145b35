#include "cache/cache.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <thread>

#include "cache/block_store.h"
#include "cache/complete_object.h"
#include "cache/core.h"
#include "cache/local_object.h"
#include "cache/partial_object.h"
#include "cache/verifier.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"

namespace lazylfs::cache {
namespace {

constexpr std::array<std::string_view, 4> kStateNames = {"remote", "partial", "complete",
                                                         "quarantined"};
static_assert(kStateNames.size() == static_cast<std::size_t>(ObjectState::quarantined) + 1);

constexpr int kOpenTries = 200;
constexpr auto kOpenRetry = std::chrono::milliseconds(5);

class CacheImpl final : public Cache {
 public:
  explicit CacheImpl(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~CacheImpl() override { core_->stop(); }

  Result<std::shared_ptr<Object>> open_object(const ObjectId& id, Source& source) override;
  Result<ObjectStatus> status(const Oid& oid) override;
  Result<std::vector<ObjectStatus>> list() override;
  Result<CacheTotals> totals() override;
  Result<void> pin(const ObjectId& id, bool pinned) override;
  Result<std::uint64_t> evict(const Oid& oid) override;
  Result<VerifyReport> verify(const std::vector<Oid>& only,
                              const std::function<void(const Oid&)>& progress) override;
  Result<GcReport> gc(bool dry_run) override;
  Result<void> insert_file(const ObjectId& id, const std::string& path) override;
  Result<void> adopt_files(const std::vector<VerifiedFile>& files) override;

 private:
  const Layout& layout() const { return core_->layout(); }
  Result<std::shared_ptr<Object>> open_complete(const ObjectId& id);
  Result<std::shared_ptr<Object>> open_partial(const ObjectId& id, Source& source);
  ObjectStatus status_of(const IndexRow& row) const;
  Result<void> remove_leftovers(GcReport& report);

  std::shared_ptr<Core> core_;
};

Result<std::shared_ptr<Object>> CacheImpl::open_object(const ObjectId& id, Source& source) {
  const Core::OpenEntry open = core_->find_open(id.oid);
  if (std::shared_ptr<Object> handle = open.handle.lock()) {
    if (handle->id() == id) return handle;
    return Error(Errc::corrupt, "object " + id.oid.hex() + " is open with another size");
  }
  if (const std::shared_ptr<PartialObject> lingering = open.partial.lock()) {
    if (lingering->id() == id && lingering->complete_fd() < 0) {
      const std::shared_ptr<Object> handle = lingering->make_handle(source);
      return core_->register_open(id.oid, {handle, lingering}).handle.lock();
    }
  }
  Result<std::shared_ptr<Object>> complete = open_complete(id);
  if (complete || complete.error().code() != Errc::not_found) return complete;
  if (Fd local = source.open_local(id)) {
    const auto fallback = [this, id, &source] { return open_partial(id, source); };
    if (const auto object = LocalObject::open(core_, id, std::move(local), fallback)) {
      std::shared_ptr<Object> registered = core_->register_open(id.oid, {object, {}}).handle.lock();
      return registered ? registered : object;
    }
  }
  return open_partial(id, source);
}

Result<std::shared_ptr<Object>> CacheImpl::open_complete(const ObjectId& id) {
  if (id.size == 0) {
    Fd empty = TRY(open_file(layout().temporaries(), O_TMPFILE | O_RDWR, 0600));
    return std::shared_ptr<Object>(
        std::make_shared<CompleteObject>(id, std::move(empty), core_->metrics()));
  }
  Fd file = TRY(open_file(layout().object(id.oid), O_RDONLY));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return Error::from_errno("stat", errno);
  if (static_cast<std::uint64_t>(status.st_size) != id.size) {
    return Error(Errc::corrupt, "object " + id.oid.hex() + " has another size than its pointer");
  }
  core_->used(id, ObjectState::complete, id.size);
  const std::shared_ptr<Object> object =
      std::make_shared<CompleteObject>(id, std::move(file), core_->metrics());
  std::shared_ptr<Object> registered = core_->register_open(id.oid, {object, {}}).handle.lock();
  return registered ? registered : object;
}

// Another process may complete the object at any moment: a fresh map beside a complete file is
// taken back.
Result<std::shared_ptr<Object>> CacheImpl::open_partial(const ObjectId& id, Source& source) {
  for (int i = 0;; ++i) {
    Result<std::shared_ptr<PartialObject>> opened = PartialObject::open(core_, id);
    const bool busy = !opened && opened.error().code() == Errc::busy;
    const bool fresh = opened && (*opened)->store().map().created();
    if (busy || fresh) {
      if (fresh && file_exists(layout().object(id.oid))) *opened = nullptr;
      Result<std::shared_ptr<Object>> complete = open_complete(id);
      if (complete || complete.error().code() != Errc::not_found) return complete;
    }
    if (busy && i < kOpenTries) {
      std::this_thread::sleep_for(kOpenRetry);
      continue;
    }
    if (!opened) return opened.error();
    if (*opened == nullptr) continue;
    const std::shared_ptr<Object> handle = (*opened)->make_handle(source);
    // A local object that falls back on this one keeps its place in the register.
    const Core::OpenEntry entry = core_->register_open(id.oid, {handle, *opened});
    std::shared_ptr<Object> registered = entry.handle.lock();
    const bool ours = !registered || entry.partial.lock() == *opened;
    return ours ? handle : registered;
  }
}

ObjectStatus CacheImpl::status_of(const IndexRow& row) const {
  ObjectStatus status{row.id, row.state, row.bytes, row.pinned, row.last_used_ns / 1'000'000'000,
                      {}};
  if (row.state == ObjectState::complete) status.path = layout().object(row.id.oid);
  return status;
}

Result<ObjectStatus> CacheImpl::status(const Oid& oid) {
  TRY(core_->flush());
  const std::optional<IndexRow> known = TRY(core_->index().row(oid));
  IndexRow row = known.value_or(IndexRow{});
  row.id.oid = oid;
  struct stat file {};
  if (::stat(layout().object(oid).c_str(), &file) == 0) {
    row.state = ObjectState::complete;
    row.bytes = row.id.size = static_cast<std::uint64_t>(file.st_size);
  } else if (row.state == ObjectState::complete) {
    row.state = ObjectState::remote;  // a row whose file is gone
    row.bytes = 0;
  }
  return status_of(row);
}

Result<std::vector<ObjectStatus>> CacheImpl::list() {
  core_->settle();  // an object lies in its place a moment before the index knows it
  TRY(core_->flush());
  std::vector<ObjectStatus> list;
  for (const IndexRow& row : TRY(core_->index().rows())) list.push_back(status_of(row));
  return list;
}

Result<CacheTotals> CacheImpl::totals() {
  CacheTotals totals;
  for (const ObjectStatus& object : TRY(list())) {
    ++totals.objects;
    totals.complete += object.state == ObjectState::complete ? 1 : 0;
    totals.partial += object.state == ObjectState::partial ? 1 : 0;
    totals.quarantined += object.state == ObjectState::quarantined ? 1 : 0;
    totals.pinned += object.pinned ? 1 : 0;
  }
  totals.bytes = TRY(core_->index().total_bytes());
  totals.size_max = core_->options().size_max;
  totals.free_space = TRY(free_space(layout().folder()));
  totals.free_space_min = core_->options().free_space_min;
  return totals;
}

Result<void> CacheImpl::pin(const ObjectId& id, bool pinned) {
  return core_->index().pin(id, pinned);
}

Result<std::uint64_t> CacheImpl::evict(const Oid& oid) {
  if (TRY(core_->index().is_pinned(oid))) {
    return Error(Errc::busy, "object " + oid.hex() + " is pinned");
  }
  core_->settle();
  TRY(core_->flush());
  const std::optional<IndexRow> row = TRY(core_->index().row(oid));
  IndexRow target = row.value_or(IndexRow{});
  target.id.oid = oid;
  std::uint64_t freed = TRY(core_->remove(target));
  if (freed == 0) {
    const std::shared_ptr<PartialObject> open = core_->find_open(oid).partial.lock();
    if (open) freed = open->punch_cold(target.bytes);
  }
  if (freed == 0 && target.bytes > 0 && file_exists(layout().partial_data(oid))) {
    return Error(Errc::busy, "object " + oid.hex() + " is in use");
  }
  return freed;
}

Result<VerifyReport> CacheImpl::verify(const std::vector<Oid>& only,
                                       const std::function<void(const Oid&)>& progress) {
  core_->settle();
  TRY(core_->flush());
  VerifyReport report;
  std::vector<IndexRow> rows;
  if (only.empty()) {
    rows = TRY(core_->index().rows());
  } else {
    for (const Oid& oid : only) {
      const std::optional<IndexRow> row = TRY(core_->index().row(oid));
      if (row) rows.push_back(*row);
    }
  }
  for (const IndexRow& row : rows) {
    if (row.bytes == 0) continue;
    if (progress) progress(row.id.oid);
    TRY(verify_object(*core_, row, report));
  }
  return report;
}

Result<GcReport> CacheImpl::gc(bool dry_run) {
  GcReport report;
  core_->settle();
  report.bytes_freed = TRY(core_->shrink(0, &report.removed, dry_run));
  if (!dry_run) TRY(remove_leftovers(report));
  report.objects_removed = report.removed.size();
  return report;
}

// Temporary files of processes that are gone, and partial objects whose map is of an earlier boot
// and that have no checkpoint.
Result<void> CacheImpl::remove_leftovers(GcReport& report) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(layout().temporaries(), error), end;
       !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    const auto pid = parse_int(std::string_view(name).substr(0, name.find('-')));
    if (pid && *pid > 0 && ::kill(static_cast<pid_t>(*pid), 0) == 0) continue;
    remove_file(at->path().string());
  }
  std::vector<Oid> partials = layout().scan(layout().partials(), ".data");
  for (const Oid& oid : layout().scan(layout().partials(), ".map")) partials.push_back(oid);
  for (const Oid& oid : partials) {
    const bool complete = file_exists(layout().object(oid));
    const bool trusted = MapFile::open_existing(layout(), oid).has_value();
    const Result<Checkpoint> checkpoint = core_->index().checkpoint(oid);
    if (!complete && (trusted || !checkpoint || checkpoint->token != 0)) continue;
    struct stat status {};
    const std::string data = layout().partial_data(oid);
    if (::stat(data.c_str(), &status) == 0) {
      report.bytes_freed += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
    // No process of this boot has it open, or else its map would be of this boot.
    if (trusted) continue;
    remove_file(data);
    remove_file(layout().partial_map(oid));
    if (complete) continue;  // the object itself stays: what went was its past
    TRY(core_->index().forget(oid));
    if (std::ranges::find(report.removed, oid) == report.removed.end()) {
      report.removed.push_back(oid);
    }
  }
  return {};
}

// A hard link only to a file that nobody may write to: its bytes must not change under the cache.
Result<Fd> take_file(const std::string& from, const std::string& to, FileDigest& digest) {
  const Fd source = TRY(open_file(from, O_RDONLY));
  struct stat status {};
  if (::fstat(source.get(), &status) != 0) return Error::from_errno("stat " + from, errno);
  Fd target = TRY(open_file(to, O_RDWR | O_CREAT | O_EXCL, 0600));
  if (::ioctl(target.get(), FICLONE, source.get()) == 0) {
    digest = TRY(digest_file(target.get()));
    return target;
  }
  const bool read_only = (status.st_mode & 0222U) == 0;
  if (read_only && remove_file(to) && ::link(from.c_str(), to.c_str()) == 0) {
    digest = TRY(digest_file(source.get()));
    return open_file(to, O_RDONLY);
  }
  if (read_only) target = TRY(open_file(to, O_RDWR | O_CREAT, 0600));
  digest = TRY(digest_file(source.get(), target.get()));
  return target;
}

Result<void> CacheImpl::insert_file(const ObjectId& id, const std::string& path) {
  if (id.size == 0 || file_exists(layout().object(id.oid))) return {};
  const std::string temporary = layout().temporary();
  const auto take = [&]() -> Result<void> {
    FileDigest digest;
    const Fd file = TRY(take_file(path, temporary, digest));
    if (digest.oid != id.oid || digest.size != id.size) {
      return Error(Errc::corrupt, path + " is not object " + id.oid.hex());
    }
    TRY(core_->shrink(id.size, nullptr, false));
    if (::fdatasync(file.get()) != 0) return Error::from_errno("sync " + temporary, errno);
    const std::string object = layout().object(id.oid);
    TRY(make_folders(parent_path(object), 0700));
    if (std::rename(temporary.c_str(), object.c_str()) != 0) {
      return Error::from_errno("rename to " + object, errno);
    }
    core_->used(id, ObjectState::complete, id.size);
    return core_->index().record_complete({{id, std::move(digest.ledger), 0}});
  };
  const Result<void> taken = take();
  if (!taken) remove_file(temporary);
  return taken;
}

// True when `to` is now the file's content, by reflink or hard link.
bool adopt_file(const ObjectId& id, const std::string& from, const std::string& to) {
  const Result<Fd> source = open_file(from, O_RDONLY | O_NOFOLLOW);
  struct stat status {};
  if (!source || ::fstat(source->get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) != id.size) {
    return false;
  }
  const Result<Fd> target = open_file(to, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (target && ::ioctl(target->get(), FICLONE, source->get()) == 0) return true;
  remove_file(to);
  // Nobody is to change by accident what is in two places.
  return status.st_uid == ::geteuid() && ::fchmod(source->get(), status.st_mode & 0555U) == 0 &&
         ::link(from.c_str(), to.c_str()) == 0;
}

Result<void> CacheImpl::adopt_files(const std::vector<VerifiedFile>& files) {
  std::uint64_t bytes = 0;
  for (const VerifiedFile& file : files) bytes += file.id.size;
  TRY(core_->shrink(bytes, nullptr, false));
  std::vector<CompletedObject> adopted;
  for (const VerifiedFile& file : files) {
    const std::string object = layout().object(file.id.oid);
    if (file.id.size == 0 || file_exists(object)) continue;
    const std::string temporary = layout().temporary();
    if (!adopt_file(file.id, file.path, temporary)) continue;
    TRY(make_folders(parent_path(object), 0700));
    if (std::rename(temporary.c_str(), object.c_str()) != 0) {
      remove_file(temporary);
      return Error::from_errno("rename to " + object, errno);
    }
    core_->used(file.id, ObjectState::complete, file.id.size);
    adopted.push_back({file.id, {}, 0});
  }
  return core_->index().record_complete(adopted);
}

}  // namespace

std::string_view object_state_name(ObjectState state) {
  return kStateNames.at(static_cast<std::size_t>(state));
}

Result<std::unique_ptr<Cache>> Cache::open(CacheOptions options, Metrics& metrics) {
  std::shared_ptr<Core> core = TRY(Core::open(std::move(options), metrics));
  return std::unique_ptr<Cache>(std::make_unique<CacheImpl>(std::move(core)));
}

}  // namespace lazylfs::cache
