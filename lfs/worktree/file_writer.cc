// A file is written without a name and linked into its folder when it is whole, so that a killed
// process leaves either the old file, or none, or the new one. Where a file system knows no
// nameless files, it is made under its name.
#include "lfs/worktree/file_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string_view>

#include "lfs/base/text.h"
#include "lfs/store/clone_file.h"

namespace lazylfs::lfs {
namespace {

Result<Fd> open_part(int folder, const std::string& name, bool make) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int fd = ::openat(folder, name.c_str(), kFlags);
  if (fd < 0 && errno == ENOENT && make) {
    if (::mkdirat(folder, name.c_str(), 0777) != 0 && errno != EEXIST) {
      return Error::from_errno("make folder " + name, errno);
    }
    fd = ::openat(folder, name.c_str(), kFlags);
  }
  if (fd >= 0) return Fd(fd);
  const int error = errno;
  if (error == ELOOP || error == ENOTDIR) return Error(Errc::invalid, "not a directory");
  return Error::from_errno("open folder " + name, error);
}

}  // namespace

Result<Fd> open_folder_below(int root, const std::string& path, bool make) {
  Fd folder = TRY(open_part(root, ".", false));
  if (path.empty()) return folder;
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::string part(take_until(rest, '/'));
    if (part.empty() || part == "." || part == "..") {
      return Error(Errc::invalid, "no path of a work tree: " + path);
    }
    Result<Fd> next = open_part(folder.get(), part, make);
    if (!next && next.error().code() == Errc::invalid) {
      const std::size_t left = rest.empty() ? 0 : rest.size() + 1;
      return Error(Errc::invalid, "not a directory: \"" + path.substr(0, path.size() - left) +
                                      "\": not a directory");
    }
    folder = TRY(std::move(next));
  }
  return folder;
}

Result<void> FileWriter::fill(int to, const std::string& source) {
  const Fd from = TRY(open_file(source, O_RDONLY));
  if (can_clone_) {
    if (reflink(from.get(), to)) return {};
    // Other errors are those of one file: the empty object is a device.
    if (errno == EOPNOTSUPP || errno == EXDEV || errno == ENOTTY) can_clone_ = false;
  }
  struct stat status {};
  if (::fstat(from.get(), &status) != 0) return Error::from_errno("read " + source, errno);
  TRY(copy_content(from.get(), to, static_cast<std::uint64_t>(status.st_size)));
  return {};
}

Result<struct stat> FileWriter::write(int folder, const std::string& name,
                                      const std::string& source, unsigned mode, bool replace) {
  struct stat status {};
  Fd file;
  if (can_hide_) {
    file = Fd(::openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode));
    if (!file) can_hide_ = false;
  }
  const bool hidden = static_cast<bool>(file);
  if (hidden) TRY(fill(file.get(), source));
  if (replace && ::unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT) {
    return Error::from_errno("remove " + name, errno);
  }
  if (hidden) {
    const std::string own = "/proc/self/fd/" + std::to_string(file.get());
    if (::linkat(AT_FDCWD, own.c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      if (errno == EEXIST) return Error::from_errno("create " + name, errno);
      file.reset();
      can_hide_ = false;
    }
  }
  if (!file) {
    file = Fd(::openat(folder, name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode));
    if (!file) return Error::from_errno("create " + name, errno);
    TRY(fill(file.get(), source));
  }
  if (::fstat(file.get(), &status) != 0) return Error::from_errno("stat " + name, errno);
  return status;
}

Result<void> FileWriter::write_text(int folder, const std::string& name, std::string_view text,
                                    unsigned mode) {
  const Fd file(::openat(folder, name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode));
  if (!file) return Error::from_errno("create " + name, errno);
  return write_all(file.get(), text);
}

}  // namespace lazylfs::lfs
