// A look-up that misses makes libgit2 read the pack folder again, in case another program has
// packed or fetched. In a partial clone thousands of look-ups miss by design, and reading the
// folder for each would cost more than all the hits. So a miss first looks at the folder's time
// stamp, and only a change (or a stamp too young to tell) leads to a refresh.
#include "lfs/git/object_database.h"

#include <sys/stat.h>

#include <utility>

#include <time.h>

namespace lazylfs::lfs {
namespace {

// File systems stamp with the kernel's tick; a younger stamp may hide a later change.
constexpr std::int64_t kStampSettlesNs = 100'000'000;

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

Error not_here(const GitOid& oid) {
  return {Errc::not_found, "git object " + oid.hex() + " is not in the repository"};
}

}  // namespace

// Gives the view back to the pool when it goes out of scope.
class ObjectDatabase::Lease {
 public:
  Lease(const ObjectDatabase& owner, View view) : owner_(owner), view_(std::move(view)) {}
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() { owner_.idle_.lock()->push_back(std::move(view_)); }

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
  {
    auto idle = idle_.lock();
    if (!idle->empty()) {
      View view = std::move(idle->back());
      idle->pop_back();
      return view;
    }
  }
  return open();
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

Result<GitObjectHeader> ObjectDatabase::header(const GitOid& oid) const {
  Lease lease(*this, TRY(borrow()));
  const git_oid id = to_libgit2(oid);
  if (!contains(lease.view(), id)) return not_here(oid);
  std::size_t size = 0;
  GitObjectHeader header;
  const int rc = git_odb_read_header(&size, &header.type, lease.view().odb.get(), &id);
  if (rc != 0) {
    return Error(Errc::corrupt, libgit2_error(rc, "read git object " + oid.hex()).message());
  }
  header.size = size;
  return header;
}

Result<GitObject> ObjectDatabase::read(const GitOid& oid, std::uint64_t bytes_max) const {
  Lease lease(*this, TRY(borrow()));
  const git_oid id = to_libgit2(oid);
  git_odb* odb = lease.view().odb.get();
  if (!contains(lease.view(), id)) return not_here(oid);
  std::size_t size = 0;
  GitObject object;
  int rc = git_odb_read_header(&size, &object.type, odb, &id);
  if (rc == 0 && size > bytes_max) {
    return Error(Errc::invalid, "git object " + oid.hex() + " has " + std::to_string(size) +
                                    " bytes, more than expected");
  }
  OdbObjectHandle raw;
  if (rc == 0) rc = git_odb_read(Out(raw), odb, &id);
  if (rc != 0) {
    return Error(Errc::corrupt, libgit2_error(rc, "read git object " + oid.hex()).message());
  }
  object.data.assign(static_cast<const char*>(git_odb_object_data(raw.get())),
                     git_odb_object_size(raw.get()));
  return object;
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
