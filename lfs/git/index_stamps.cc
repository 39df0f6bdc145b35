// Git's lock file is held from before the index is read until the new one is in place. The new
// index is written beside it under a name of its own, because libgit2 would take and drop the lock
// itself, after having read.
#include "lfs/git/index_stamps.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <unordered_set>
#include <utility>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/trace.h"
#include "lfs/git/filtered_paths.h"
#include "lfs/git/libgit2.h"

namespace lazylfs::lfs {
namespace {

using IndexHandle = Handle<git_index, git_index_free>;

// A file that goes away with its owner.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Without naming the files: update-index would stage those that it is given.
Result<void> refresh_by_git(const Repository& repository) {
  // Its exit code tells of changes elsewhere, its stderr of a lock: neither is a failure of ours.
  TRY(run_command(repository.git({"update-index", "-q", "--refresh"})));
  return {};
}

git_index_time stored_time(const timespec& time) {
  return {static_cast<std::int32_t>(time.tv_sec), static_cast<std::uint32_t>(time.tv_nsec)};
}

// True when the entry was there and now bears the stamp.
bool set_stamp(git_index* index, const WrittenFile& file) {
  const git_index_entry* found = git_index_get_bypath(index, file.path.c_str(), 0);
  if (found == nullptr || from_libgit2(found->id) != file.blob) return false;
  const bool executable = (file.status.st_mode & S_IXUSR) != 0;
  if (executable != ((found->mode & S_IXUSR) != 0)) return false;
  // In place: adding the entry anew would throw away the index's cached trees.
  auto* entry =
      const_cast<git_index_entry*>(found);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  entry->mtime = stored_time(file.status.st_mtim);
  entry->ctime = stored_time(file.status.st_ctim);
  entry->dev = static_cast<std::uint32_t>(file.status.st_dev);
  entry->ino = static_cast<std::uint32_t>(file.status.st_ino);
  entry->uid = file.status.st_uid;
  entry->gid = file.status.st_gid;
  entry->file_size = static_cast<std::uint32_t>(file.status.st_size);
  return true;
}

}  // namespace

Result<void> set_index_stamps(const Repository& repository, const std::vector<WrittenFile>& files) {
  if (files.empty()) return {};
  TRACE(TraceArea::general, "run_command: git update-index -q --refresh --stdin");
  std::vector<std::string> paths;
  for (const WrittenFile& file : files) paths.push_back(file.path);
  const std::unordered_set<std::string> filtered = TRY(filtered_paths(repository, paths));
  bool all_set = true;
  const std::string path = repository.index_path();
  const Fd lock_file(
      ::open((path + ".lock").c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666));
  if (!lock_file) return {};
  {
    const TemporaryFile lock(path + ".lock");
    const TemporaryFile copy(path + ".lfs-" + std::to_string(::getpid()));
    std::error_code failed;
    std::filesystem::copy_file(path, copy.path(), failed);
    IndexHandle index;
    start_libgit2();
    if (failed || git_index_open(Out(index), copy.path().c_str()) != 0) {
      all_set = false;
    } else {
      for (const WrittenFile& file : files) {
        all_set &= filtered.contains(file.path) && set_stamp(index.get(), file);
      }
      const int rc = git_index_write(index.get());
      if (rc != 0) return libgit2_error(rc, "write " + path);
      if (::rename(copy.path().c_str(), path.c_str()) != 0) {
        return Error::from_errno("replace " + path, errno);
      }
    }
  }
  return all_set ? Result<void>() : refresh_by_git(repository);
}

}  // namespace lazylfs::lfs
