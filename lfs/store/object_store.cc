// An object comes into the store in one step, the rename of a complete file, so that a reader and a
// killed process leave the old state or the new one. Nothing is synced: Git's own objects would be
// there without their LFS objects only after a power cut, and then the size test tells.
#include "lfs/store/object_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <random>
#include <utility>

#include "lfs/base/files.h"
#include "lfs/base/handle.h"
#include "lfs/base/sha256.h"
#include "lfs/base/text.h"
#include "lfs/store/clone_file.h"

namespace lazylfs::lfs {
namespace {

constexpr std::time_t kStaleSeconds = 3600;
constexpr int kNameTriesMax = 100;
constexpr const char* kEmptyObject = "/dev/null";

using Folder = Handle<DIR, closedir>;

// A name that no other process chooses at the same time; the caller creates with O_EXCL.
std::string random_name() {
  static std::atomic<std::uint64_t> counter{0};
  static const std::uint64_t seed = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32U) ^ device();
  }();
  return std::to_string(seed ^ static_cast<std::uint64_t>(::getpid())) + "-" +
         std::to_string(counter++);
}

std::optional<std::uint64_t> size_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(status.st_size);
}

// Where the object lies that a temporary's name "<oid>-<anything>" is meant for, below objects/;
// empty for other names. That the first 64 bytes are hexadecimal is not asked, as upstream does
// not.
std::string place_of_temporary(std::string_view name) {
  if (name.size() <= Oid::kHexLength || name[Oid::kHexLength] != '-') return "";
  const std::string oid(name.substr(0, Oid::kHexLength));
  return oid.substr(0, 2) + '/' + oid.substr(2, 2) + '/' + oid;
}

// Makes `to` a hard link of this user's file `from`, readable by those who may read `like`, and
// writable by nobody: it is in two places now.
bool link_read_only(int source, const std::string& from, int like, const std::string& to) {
  struct stat ours {};
  struct stat theirs {};
  if (::fstat(like, &ours) != 0 || ::fstat(source, &theirs) != 0) return false;
  return theirs.st_uid == ::geteuid() && ::link(from.c_str(), to.c_str()) == 0 &&
         ::fchmod(source, ours.st_mode & 0444U) == 0;
}

// Removes a file unless it was kept.
class FileRemover {
 public:
  explicit FileRemover(const std::string& path) : path_(path) {}
  FileRemover(const FileRemover&) = delete;
  FileRemover& operator=(const FileRemover&) = delete;
  ~FileRemover() {
    if (!kept_) ::unlink(path_.c_str());
  }
  void keep() { kept_ = true; }

 private:
  const std::string& path_;
  bool kept_ = false;
};

void remove_if_stale(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return;
  if (std::time(nullptr) - status.st_mtime > kStaleSeconds) ::unlink(path.c_str());
}

class StaleFiles {
 public:
  explicit StaleFiles(const ObjectStore& store) : store_(store), now_(std::time(nullptr)) {}

  // In a `fresh` folder, which its maker may still fill, only what has its object is removed.
  void remove_in(const std::string& folder, bool in_sub_folder, bool fresh = false) {
    const Folder entries(::opendir(folder.c_str()));
    if (!entries) return;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone
    while (const dirent* entry = ::readdir(entries.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") judge(folder + '/' + name, name, in_sub_folder, fresh);
    }
  }

 private:
  void judge(const std::string& path, const std::string& name, bool in_sub_folder, bool fresh) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return;
    const bool old = now_ - status.st_mtime > kStaleSeconds;
    if (S_ISDIR(status.st_mode)) {
      if (in_sub_folder) return;
      remove_in(path, true, !old);
      if (old) ::rmdir(path.c_str());  // fails, as it should, when something is left in it
      return;
    }
    const std::string place = place_of_temporary(name);
    const bool done = !place.empty() && file_exists(store_.folder() + "/objects/" + place);
    if (done || (old && !fresh)) ::unlink(path.c_str());
  }

  const ObjectStore& store_;
  const std::time_t now_;
};

}  // namespace

ObjectStore::ObjectStore(std::string folder, LocalStore local, SharedMode shared)
    : folder_(std::move(folder)), local_(std::move(local)), shared_(shared) {}

ObjectStore ObjectStore::of(const Repository& repository) {
  return of(StorePlace{repository.common_folder(), repository.objects_folder(),
                       repository.environment_alternates(), repository.config()});
}

ObjectStore ObjectStore::of(const StorePlace& place) {
  LocalStore local = LocalStore::of(place);
  std::string folder = parent_path(local.object_folders().at(0));
  return {std::move(folder), std::move(local), shared_mode_of(place.config)};
}

ObjectStore::SharedMode ObjectStore::shared_mode_of(const Config& config) {
  const std::string value = to_lower(config.get("core.sharedrepository").value_or(""));
  for (const char* name : {"group", "true", "yes", "on", "1"}) {
    if (value == name) return {0660, false};
  }
  for (const char* name : {"all", "world", "everybody", "2"}) {
    if (value == name) return {0664, false};
  }
  // Octal, at least readable and writable for the owner, as git demands.
  unsigned bits = 0;
  for (const char c : value) {
    if (c < '0' || c > '7' || bits > 07777) return {};
    bits = bits * 8 + static_cast<unsigned>(c - '0');
  }
  return (bits & 0600U) == 0600U ? SharedMode{bits & 0666U, true} : SharedMode{};
}

std::string ObjectStore::object_path(const Oid& oid) const {
  return folder_ + "/objects/" + object_relative_path(oid);
}

std::string ObjectStore::partial_path(const Oid& oid) const {
  return folder_ + "/incomplete/" + oid.hex() + ".part";
}

std::optional<std::string> ObjectStore::find(const ObjectId& id) const {
  if (id.size == 0) return kEmptyObject;
  return local_.find(id);
}

void ObjectStore::share_file(int fd) const {
  if (shared_.bits == 0) return;
  struct stat status {};
  if (::fstat(fd, &status) != 0) return;
  const unsigned kept = shared_.exact ? 0 : status.st_mode & 0777U;
  // Not allowed on another user's file: then it stays as it is.
  if (::fchmod(fd, kept | shared_.bits) != 0) return;
}

Result<void> ObjectStore::make_store_folders(const std::string& path) const {
  if (::mkdir(path.c_str(), 0777) != 0) {
    if (errno == EEXIST) return {};
    if (errno != ENOENT) return Error::from_errno("create folder " + path, errno);
    TRY(make_store_folders(parent_path(path)));
    if (::mkdir(path.c_str(), 0777) != 0) {
      if (errno == EEXIST) return {};
      return Error::from_errno("create folder " + path, errno);
    }
  }
  struct stat status {};
  if (shared_.bits == 0 || ::stat(path.c_str(), &status) != 0) return {};
  const unsigned kept = status.st_mode & (shared_.exact ? 07000U : 07777U);
  const unsigned search = (shared_.bits & 0444U) >> 2U;
  if (::chmod(path.c_str(), kept | shared_.bits | search) != 0) {
    return Error::from_errno("set the mode of " + path, errno);
  }
  return {};
}

Result<ObjectStore::Temporary> ObjectStore::make_temporary() const {
  Temporary temporary;
  for (int attempt = 0;; ++attempt) {
    temporary.path = temporary_folder() + "/" + random_name();
    Result<Fd> file = open_file(temporary.path, O_RDWR | O_CREAT | O_EXCL, 0666);
    if (file) {
      temporary.fd = std::move(*file);
      break;
    }
    const int reason = file.error().sys_errno();
    if (attempt >= kNameTriesMax || (reason != ENOENT && reason != EEXIST)) return file.error();
    if (reason == ENOENT) TRY(make_store_folders(temporary_folder()));
  }
  share_file(temporary.fd.get());
  return temporary;
}

Result<void> ObjectStore::move_in(const std::string& path, const ObjectId& id) const {
  if (id.size == 0) {
    ::unlink(path.c_str());
    return {};
  }
  const std::string place = object_path(id.oid);
  if (std::rename(path.c_str(), place.c_str()) == 0) return {};
  if (errno != ENOENT) return Error::from_errno("rename " + path + " to " + place, errno);
  TRY(make_store_folders(parent_path(place)));
  if (std::rename(path.c_str(), place.c_str()) == 0) return {};
  return Error::from_errno("rename " + path + " to " + place, errno);
}

// The file gets its name in the end, as everywhere. Under the name before, which no client takes
// for an object, it lies for microseconds; should a process be killed just then, the next one that
// stores the object removes it.
Result<void> ObjectStore::put(std::span<const std::byte> data, const ObjectId& id) const {
  if (id.size == 0) return {};
  const std::string place = object_path(id.oid);
  const std::string folder = parent_path(place);
  std::string temporary = folder + "/.new-" + id.oid.hex();
  Result<Fd> file = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (!file && file.error().sys_errno() == ENOENT) {
    TRY(make_store_folders(folder));
    file = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
  }
  if (!file) {
    // Somebody stores it right now, or was killed while doing so.
    if (file.error().sys_errno() != EEXIST) return file.error();
    remove_if_stale(temporary);
    Temporary other = TRY(make_temporary());
    temporary = std::move(other.path);
    file = std::move(other.fd);
  } else {
    share_file(file->get());
  }
  FileRemover remover(temporary);
  TRY_CONTEXT("write " + temporary, write_all(file->get(), data));
  file->reset();
  if (std::rename(temporary.c_str(), place.c_str()) != 0) {
    return Error::from_errno("rename " + temporary + " to " + place, errno);
  }
  remover.keep();
  return {};
}

Result<void> ObjectStore::take_in(const std::string& path, const ObjectId& id,
                                  bool may_link) const {
  const std::string place = object_path(id.oid);
  if (id.size == 0 || size_of(place) == id.size) return {};
  const Fd source = TRY(open_file(path, O_RDONLY));
  struct stat status {};
  if (::fstat(source.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) != id.size) {
    return Error(Errc::corrupt, path + " is not the object " + id.oid.hex());
  }
  const Temporary temporary = TRY(make_temporary());
  FileRemover remover(temporary.path);
  if (!reflink(source.get(), temporary.fd.get())) {
    if (may_link && shared_.bits == 0) {
      const std::string linked = temporary.path + "-link";
      FileRemover link_remover(linked);
      if (link_read_only(source.get(), path, temporary.fd.get(), linked)) {
        return move_in(linked, id);
      }
    }
    const ObjectId copied = TRY(hash_to_end(source.get(), temporary.fd.get()));
    if (copied != id) return Error(Errc::corrupt, path + " is not the object " + id.oid.hex());
  }
  TRY(move_in(temporary.path, id));
  remover.keep();
  return {};
}

void ObjectStore::remove_stale_temporaries() const {
  StaleFiles(*this).remove_in(temporary_folder(), false);
}

}  // namespace lazylfs::lfs
