// Names alone are read: neither sizes nor times, which would cost a system call for each object.
#include "lfs/upkeep/object_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>

#include "lfs/base/fd.h"
#include "lfs/base/guarded.h"
#include "lfs/base/handle.h"
#include "lfs/scan/parallel.h"

namespace lazylfs::lfs {
namespace {

constexpr std::string_view kUnfinishedPrefix = ".new-";

using Folder = Handle<DIR, closedir>;

enum class FileType { folder, file, other };

FileType type_of(int folder, const dirent& entry) {
  if (entry.d_type == DT_DIR) return FileType::folder;
  if (entry.d_type == DT_REG) return FileType::file;
  if (entry.d_type != DT_UNKNOWN) return FileType::other;
  struct stat status {};
  if (::fstatat(folder, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) return FileType::other;
  if (S_ISDIR(status.st_mode)) return FileType::folder;
  return S_ISREG(status.st_mode) ? FileType::file : FileType::other;
}

bool is_shard(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return name.size() == 2 && kDigits.find(name[0]) != std::string_view::npos &&
         kDigits.find(name[1]) != std::string_view::npos;
}

class StoreWalk {
 public:
  explicit StoreWalk(std::string root) : root_(std::move(root)) {}

  // Calls `found(type, name)` for what is in the folder `name`, relative to `parent`.
  template <typename Found>
  Result<void> read(int parent, const char* name, const std::string& path, Found found) {
    const int links = parent == AT_FDCWD ? 0 : O_NOFOLLOW;  // the store itself may be elsewhere
    const int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | links);
    if (fd < 0) {
      if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return {};
      return Error::from_errno("read " + path, errno);
    }
    const Folder folder(::fdopendir(fd));
    if (!folder) {
      const Error error = Error::from_errno("read " + path, errno);
      const Fd closing(fd);
      return error;
    }
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(folder.get());  // NOLINT(concurrency-mt-unsafe): ours alone
      if (entry == nullptr) break;
      TRY(found(fd, *entry));
    }
    if (errno != 0) return Error::from_errno("read " + path, errno);
    return {};
  }

  Result<void> read_first(const std::string& first, StoreListing& into) {
    const std::string path = root_ + '/' + first;
    return read(AT_FDCWD, path.c_str(), path, [&](int folder, const dirent& entry) -> Result<void> {
      if (!is_shard(entry.d_name) || type_of(folder, entry) != FileType::folder) return {};
      return read_second(folder, path + '/' + entry.d_name, entry.d_name, into);
    });
  }

  Result<std::vector<std::string>> first_folders() {
    std::vector<std::string> names;
    TRY(read(AT_FDCWD, root_.c_str(), root_, [&](int folder, const dirent& entry) -> Result<void> {
      if (is_shard(entry.d_name) && type_of(folder, entry) == FileType::folder) {
        names.emplace_back(entry.d_name);
      }
      return {};
    }));
    std::ranges::sort(names);
    return names;
  }

 private:
  Result<void> read_second(int parent, const std::string& path, const char* name,
                           StoreListing& into) {
    return read(parent, name, path, [&](int folder, const dirent& entry) -> Result<void> {
      const std::string_view file = entry.d_name;
      const bool unfinished = file.starts_with(kUnfinishedPrefix);
      if (!unfinished && file.size() != Oid::kHexLength) return {};
      if (type_of(folder, entry) != FileType::file) return {};
      if (unfinished) {
        into.unfinished.push_back(path + '/' + std::string(file));
      } else if (const Result<Oid> oid = Oid::parse(file)) {
        into.objects.push_back(*oid);
      }
      return {};
    });
  }

  const std::string root_;
};

}  // namespace

Result<StoreListing> list_store(const std::string& folder) {
  StoreWalk walk(folder);
  const std::vector<std::string> folders = TRY(walk.first_folders());
  Guarded<StoreListing> all;
  Guarded<std::optional<Error>> failure;
  in_parallel(folders.size(), 2, [&](std::size_t begin, std::size_t end) {
    StoreListing part;
    for (std::size_t i = begin; i < end; ++i) {
      const Result<void> read = walk.read_first(folders[i], part);
      if (read) continue;
      *failure.lock() = read.error();
      return;
    }
    auto listing = all.lock();
    listing->objects.insert(listing->objects.end(), part.objects.begin(), part.objects.end());
    std::ranges::move(part.unfinished, std::back_inserter(listing->unfinished));
  });
  if (const std::optional<Error> error = *failure.lock()) return *error;
  StoreListing listing = std::move(*all.lock());
  std::ranges::sort(listing.objects);
  return listing;
}

}  // namespace lazylfs::lfs
