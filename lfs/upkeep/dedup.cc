#include "lfs/upkeep/dedup.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/sha256.h"
#include "lfs/store/clone_file.h"

namespace lazylfs::lfs {
namespace {

constexpr std::uint64_t kDedupeBytesMax = 16U << 20U;  // btrfs takes no more at once
constexpr const char* kDiffers = "the file is not what the object holds";

class TemporaryName {
 public:
  explicit TemporaryName(std::string path) : path_(std::move(path)) {}
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  std::string path_;
};

std::string sibling(const std::string& path) {
  return path + ".lfs-dedup-" + std::to_string(::getpid());
}

// Asks the kernel to share [offset, offset + length): how much of it was done; 0 when it cannot.
Result<std::uint64_t> dedupe_range(int from, int to, std::uint64_t offset, std::uint64_t length) {
  // file_dedupe_range ends in an array without a length.
  alignas(file_dedupe_range)
      std::array<std::byte, sizeof(file_dedupe_range) + sizeof(file_dedupe_range_info)>
          buffer{};
  auto* range = new (buffer.data()) file_dedupe_range{};  // NOLINT: placed in `buffer`
  range->src_offset = offset;
  range->src_length = length;
  range->dest_count = 1;
  auto* info = new (buffer.data() + sizeof(file_dedupe_range)) file_dedupe_range_info{};  // NOLINT
  info->dest_fd = to;
  info->dest_offset = offset;
  if (::ioctl(from, FIDEDUPERANGE, range) != 0) return std::uint64_t{0};
  if (info->status == FILE_DEDUPE_RANGE_DIFFERS) return Error(Errc::corrupt, kDiffers);
  return info->status < 0 ? std::uint64_t{0} : static_cast<std::uint64_t>(info->bytes_deduped);
}

bool is_same_content(int a, int b) {
  const Result<ObjectId> first = hash_to_end(a);
  const Result<ObjectId> second = hash_to_end(b);
  return first && second && *first == *second;
}

Result<void> replace_by_clone(int object, int file, const struct stat& status,
                              const std::string& path) {
  if (!is_same_content(object, file)) return Error(Errc::corrupt, kDiffers);
  const TemporaryName temporary(sibling(path));
  const Fd clone =
      TRY(open_file(temporary.path(), O_WRONLY | O_CREAT | O_EXCL, status.st_mode & 0777U));
  if (::ioctl(clone.get(), FICLONE, object) != 0) return Error::from_errno("clone", errno);
  const std::array<struct timespec, 2> times{status.st_atim, status.st_mtim};
  if (::fchmod(clone.get(), status.st_mode & 07777U) != 0 ||
      ::futimens(clone.get(), times.data()) != 0 ||
      std::rename(temporary.path().c_str(), path.c_str()) != 0) {
    return Error::from_errno("replace " + path, errno);
  }
  return {};
}

struct Opened {
  Fd fd;
  struct stat status {};
};

Result<Opened> open_regular(const std::string& path) {
  Opened opened{TRY(open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))};
  if (::fstat(opened.fd.get(), &opened.status) != 0)
    return Error::from_errno("stat " + path, errno);
  if (!S_ISREG(opened.status.st_mode)) return Error(Errc::invalid, path + " is no regular file");
  return opened;
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

Result<void> check_block_sharing(const std::string& folder) {
  TRY(make_folders(folder));
  const TemporaryName from(folder + "/dedup-from-" + std::to_string(::getpid()));
  const TemporaryName to(folder + "/dedup-to-" + std::to_string(::getpid()));
  const Fd source = TRY(open_file(from.path(), O_RDWR | O_CREAT | O_TRUNC, 0600));
  const Fd target = TRY(open_file(to.path(), O_RDWR | O_CREAT | O_TRUNC, 0600));
  TRY(write_all(source.get(), "test"));
  if (::ioctl(target.get(), FICLONE, source.get()) == 0) return {};
  const int reason = errno;
  return Error(Errc::unsupported, reason == EOPNOTSUPP
                                      ? "operation not supported"
                                      : Error::from_errno("clone a file", reason).message());
}

Result<void> share_blocks(const std::string& object, const std::string& path, std::uint64_t size) {
  const Opened source = TRY(open_regular(object));
  const Opened target = TRY(open_regular(path));
  if (is_same_file(source.status, target.status)) return {};
  if (static_cast<std::uint64_t>(target.status.st_size) != size) {
    return Error(Errc::corrupt, kDiffers);
  }
  std::uint64_t done = 0;
  while (done < size) {
    const std::uint64_t shared = TRY(dedupe_range(source.fd.get(), target.fd.get(), done,
                                                  std::min(size - done, kDedupeBytesMax)));
    if (shared == 0) break;
    done += shared;
  }
  if (done >= size) return {};
  return replace_by_clone(source.fd.get(), target.fd.get(), target.status, path);
}

// The object's hash is taken, not only compared: what two places share must be right.
Result<void> share_by_link(const std::string& object, const std::string& path, const Oid& oid) {
  const Opened source = TRY(open_regular(object));
  const Opened target = TRY(open_regular(path));
  if (is_same_file(source.status, target.status)) return {};
  if ((target.status.st_mode & 0222U) != 0) {
    return Error(Errc::read_only, "the file may be written to");
  }
  if (source.status.st_uid != ::geteuid()) {
    return Error(Errc::denied, "the object belongs to somebody else");
  }
  if (TRY(hash_to_end(source.fd.get())).oid != oid ||
      TRY(hash_to_end(target.fd.get())).oid != oid) {
    return Error(Errc::corrupt, kDiffers);
  }
  const mode_t wanted = (source.status.st_mode | target.status.st_mode) & 0555U;
  if (::fchmod(source.fd.get(), wanted) != 0) return Error::from_errno("chmod " + object, errno);
  const TemporaryName temporary(sibling(path));
  if (::link(object.c_str(), temporary.path().c_str()) != 0 ||
      std::rename(temporary.path().c_str(), path.c_str()) != 0) {
    return Error::from_errno("link " + path, errno);
  }
  return {};
}

}  // namespace lazylfs::lfs
