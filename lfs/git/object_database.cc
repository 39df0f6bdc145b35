// A look-up that misses makes libgit2 read the pack folder again, in case another program has
// packed or fetched. In a partial clone thousands of look-ups miss by design, and reading the
// folder for each would cost more than all the hits. So a miss first looks at the folder's time
// stamp, and only a change (or a stamp too young to tell) leads to a refresh.
//
// libgit2 maps pack indexes whole and keeps a cache of delta bases for each pack. Both count as
// this process's memory, and reading a million blobs touches every page of a 28 MB index. So all
// views are closed after a number of reads: the pages stay in the page cache, and cost a fault to
// return.
#include "lfs/git/object_database.h"

#include <sys/stat.h>

#include <utility>

#include <time.h>

#include "lfs/base/timespec.h"

namespace lazylfs::lfs {
namespace {

// File systems stamp with the kernel's tick; a younger stamp may hide a later change.
constexpr std::int64_t kStampSettlesNs = 100'000'000;
constexpr std::uint64_t kReadsBeforeClosing = 2048;

Error not_here(const GitOid& oid) {
  return {Errc::not_found, "git object " + oid.hex() + " is not in the repository"};
}

Error too_large(const GitOid& oid, std::uint64_t bytes) {
  return {Errc::invalid, "git object " + oid.hex() + " has " + std::to_string(bytes) +
                             " bytes, more than expected"};
}

}  // namespace

// Gives the view back to the pool when it goes out of scope.
class ObjectDatabase::Lease {
 public:
  Lease(const ObjectDatabase& owner, View view) : owner_(owner), view_(std::move(view)) {}
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() { owner_.give_back(std::move(view_)); }

  View& view() { return view_; }

 private:
  const ObjectDatabase& owner_;
  View view_;
};

ObjectDatabase::ObjectDatabase(std::string objects_folder, std::vector<std::string> alternates,
                               bool promisor)
    : objects_folder_(std::move(objects_folder)),
      alternates_(std::move(alternates)),
      promisor_(promisor) {}

Result<ObjectDatabase::View> ObjectDatabase::borrow() const {
  std::vector<View> closing;  // after the lock is released
  std::uint64_t epoch = 0;
  {
    auto pool = pool_.lock();
    if (++pool->borrowed % kReadsBeforeClosing == 0) {
      ++pool->epoch;
      closing.swap(pool->idle);
    }
    epoch = pool->epoch;
    if (!pool->idle.empty()) {
      View view = std::move(pool->idle.back());
      pool->idle.pop_back();
      return view;
    }
  }
  closing.clear();
  View view = TRY(open());
  view.epoch = epoch;
  return view;
}

void ObjectDatabase::give_back(View view) const {
  auto pool = pool_.lock();
  if (view.epoch != pool->epoch) return;  // `view` outlives the lock and closes after it
  pool->idle.push_back(std::move(view));
}

void ObjectDatabase::close_if_idle() const {
  std::vector<View> closing;  // after the lock is released
  auto pool = pool_.lock();
  if (std::exchange(pool->borrowed_at_last_look, pool->borrowed) != pool->borrowed) return;
  ++pool->epoch;
  closing.swap(pool->idle);
}

Result<ObjectDatabase::View> ObjectDatabase::open() const {
  View view;
  view.generation = generation_;
  view.packs_stamp = packs_stamp();
  int rc = git_odb_open(Out(view.odb), objects_folder_.c_str());
  for (const std::string& folder : alternates_) {
    if (rc == 0) rc = git_odb_add_disk_alternate(view.odb.get(), folder.c_str());
  }
  if (rc != 0) return libgit2_error(rc, "open the objects of " + objects_folder_);
  return view;
}

std::int64_t ObjectDatabase::packs_stamp() const {
  struct stat status {};
  timespec now{};
  if (::stat((objects_folder_ + "/pack").c_str(), &status) != 0) return -1;
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t stamp = nanoseconds(status.st_mtim);
  return nanoseconds(now) - stamp > kStampSettlesNs ? stamp : -1;
}

void ObjectDatabase::refresh(View& view) const {
  view.generation = generation_;
  view.packs_stamp = packs_stamp();
  git_odb_refresh(view.odb.get());
}

bool ObjectDatabase::contains(View& view, const git_oid& oid) const {
  if (git_odb_exists_ext(view.odb.get(), &oid, GIT_ODB_LOOKUP_NO_REFRESH) != 0) return true;
  const bool current = promisor_ && view.generation == generation_ && view.packs_stamp >= 0 &&
                       view.packs_stamp == packs_stamp();
  if (current) return false;
  refresh(view);
  return git_odb_exists_ext(view.odb.get(), &oid, GIT_ODB_LOOKUP_NO_REFRESH) != 0;
}

Result<GitObjectHeader> ObjectDatabase::header_in(View& view, const GitOid& oid) const {
  const git_oid id = to_libgit2(oid);
  // Where nothing may be missing, libgit2's own (costly) way of looking again is rare enough.
  if (promisor_ && !contains(view, id)) return not_here(oid);
  std::size_t size = 0;
  GitObjectHeader header;
  const int rc = git_odb_read_header(&size, &header.type, view.odb.get(), &id);
  if (rc == GIT_ENOTFOUND) return not_here(oid);
  if (rc != 0) {
    return Error(Errc::corrupt, libgit2_error(rc, "read git object " + oid.hex()).message());
  }
  header.size = size;
  return header;
}

Result<GitObject> ObjectDatabase::read_in(View& view, const GitOid& oid) {
  const git_oid id = to_libgit2(oid);
  OdbObjectHandle raw;
  const int rc = git_odb_read(Out(raw), view.odb.get(), &id);
  if (rc == GIT_ENOTFOUND) return not_here(oid);
  if (rc != 0) {
    return Error(Errc::corrupt, libgit2_error(rc, "read git object " + oid.hex()).message());
  }
  return GitObject{git_odb_object_type(raw.get()),
                   std::string(static_cast<const char*>(git_odb_object_data(raw.get())),
                               git_odb_object_size(raw.get()))};
}

Result<GitObjectHeader> ObjectDatabase::header(const GitOid& oid) const {
  Lease lease(*this, TRY(borrow()));
  return header_in(lease.view(), oid);
}

Result<GitObject> ObjectDatabase::read(const GitOid& oid, std::uint64_t bytes_max) const {
  Lease lease(*this, TRY(borrow()));
  const GitObjectHeader header = TRY(header_in(lease.view(), oid));
  if (header.size > bytes_max) return too_large(oid, header.size);
  return read_in(lease.view(), oid);
}

Result<GitObject> ObjectDatabase::read_structure(const GitOid& oid, std::uint64_t bytes_max) const {
  Lease lease(*this, TRY(borrow()));
  if (promisor_ && !contains(lease.view(), to_libgit2(oid))) return not_here(oid);
  GitObject object = TRY(read_in(lease.view(), oid));
  if (object.data.size() > bytes_max) return too_large(oid, object.data.size());
  return object;
}

Result<ObjectDatabase::Small> ObjectDatabase::read_if_small(const GitOid& oid,
                                                            std::uint64_t bytes_max) const {
  Lease lease(*this, TRY(borrow()));
  Small small;
  small.header = TRY(header_in(lease.view(), oid));
  if (small.header.size <= bytes_max) small.data = TRY(read_in(lease.view(), oid)).data;
  return small;
}

Result<std::vector<GitOid>> ObjectDatabase::missing(const std::vector<GitOid>& oids) const {
  Lease lease(*this, TRY(borrow()));
  std::vector<GitOid> result;
  for (const GitOid& oid : oids) {
    if (!contains(lease.view(), to_libgit2(oid))) result.push_back(oid);
  }
  return result;
}

}  // namespace lazylfs::lfs
