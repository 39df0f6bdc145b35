#include "lfs/locks/lock_cache.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/locks/lock_database.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kFileBytesMax = 256U << 20U;

std::string database_path(const std::string& folder) { return folder + "/lockcache.db"; }

struct ReadDatabase {
  LockDatabase database;
  bool damaged = false;
};

Result<ReadDatabase> read_database(const std::string& folder) {
  ReadDatabase read;
  const auto bytes = read_file(database_path(folder), kFileBytesMax);
  if (!bytes && bytes.error().code() == Errc::not_found) return read;
  if (!bytes) return bytes.error();
  if (bytes->empty()) return read;
  auto decoded = decode_lock_database(*bytes);
  if (decoded) {
    read.database = std::move(*decoded);
  } else {
    read.damaged = true;
    TRACE(TraceArea::general, decoded.error().message() << ": " << database_path(folder));
  }
  return read;
}

// The folder's own lock, held until the descriptor closes: no file is left behind for it.
Result<Fd> lock_folder(const std::string& folder) {
  Fd fd = TRY(open_file(folder, O_RDONLY | O_DIRECTORY));
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return Error::from_errno("lock " + folder, errno);
  }
  return fd;
}

}  // namespace

Result<std::vector<Lock>> LockCache::own() const {
  ReadDatabase read = TRY(read_database(folder_));
  return std::move(read.database.locks);
}

Result<void> LockCache::change(const std::function<void(std::vector<Lock>&)>& edit) const {
  TRY(make_folders(folder_));
  const Fd held = TRY(lock_folder(folder_));
  ReadDatabase read = TRY(read_database(folder_));
  const std::string path = database_path(folder_);
  if (read.damaged) std::rename(path.c_str(), (path + ".damaged").c_str());
  edit(read.database.locks);
  ++read.database.version;
  std::ranges::sort(read.database.locks, {}, &Lock::path);
  return write_file_atomically(path, encode_lock_database(read.database));
}

Result<void> LockCache::add(const Lock& lock) const {
  return change([&lock](std::vector<Lock>& locks) {
    std::erase_if(locks, [&](const Lock& l) { return l.path == lock.path || l.id == lock.id; });
    locks.push_back(lock);
  });
}

Result<void> LockCache::remove(const std::string& id) const {
  const std::vector<Lock> locks = TRY(own());
  if (std::ranges::find(locks, id, &Lock::id) == locks.end()) return {};
  return change([&id](std::vector<Lock>& all) {
    std::erase_if(all, [&](const Lock& lock) { return lock.id == id; });
  });
}

// A ref's name becomes folders; one that would leave ours is refused. Git refuses it, too, but the
// name may come from the command line.
Result<std::string> LockCache::listing_path(const std::string& ref, const char* kind) const {
  for (const std::string_view part : split(ref, '/')) {
    if (part == ".." || part.find('\0') != std::string_view::npos) {
      return Error(Errc::invalid, "not the name of a ref: " + ref);
    }
  }
  return folder_ + "/cache/locks/" + (ref.empty() ? "" : ref + "/") + kind;
}

Result<Json> LockCache::read_listing(const std::string& ref, const char* kind) const {
  const std::string path = TRY(listing_path(ref, kind));
  const auto text = read_file(path, kFileBytesMax);
  if (!text && text.error().code() == Errc::not_found) {
    return Error(Errc::not_found, "no cached locks present");
  }
  if (!text) return text.error();
  return TRY_CONTEXT("read " + path, parse_json(*text));
}

Result<void> LockCache::write_listing(const std::string& ref, const char* kind,
                                      const Json& value) const {
  const std::string path = TRY(listing_path(ref, kind));
  TRY(make_folders(parent_path(path)));
  return write_file_atomically(path, go_json_line(value));
}

Result<std::vector<Lock>> LockCache::listing(const std::string& ref) const {
  Json wrapped = Json::object();
  wrapped["locks"] = TRY(read_listing(ref, "remote"));
  return locks_from_json(wrapped, "locks");
}

Result<VerifiedLocks> LockCache::verified(const std::string& ref) const {
  const Json value = TRY(read_listing(ref, "verifiable"));
  VerifiedLocks locks;
  locks.ours = TRY(locks_from_json(value, "ours"));
  locks.theirs = TRY(locks_from_json(value, "theirs"));
  return locks;
}

Result<void> LockCache::remember_listing(const std::string& ref,
                                         const std::vector<Lock>& locks) const {
  return write_listing(ref, "remote", locks_to_json(locks));
}

Result<void> LockCache::remember_verified(const std::string& ref,
                                          const VerifiedLocks& locks) const {
  return write_listing(ref, "verifiable", verified_to_json(locks));
}

}  // namespace lazylfs::lfs
