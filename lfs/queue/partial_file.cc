#include "lfs/queue/partial_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "lfs/base/files.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kBufferBytes = 256U << 10U;
// Below, starting threads costs more than it gains.
constexpr std::uint64_t kStreamedBytesMin = 4U << 20U;

Result<Fd> open_in(const ObjectStore& store, const std::string& path) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_NOFOLLOW;
  Result<Fd> file = open_file(path, kFlags);
  if (file || file.error().sys_errno() != ENOENT) return file;
  TRY(store.make_store_folders(parent_path(path)));
  return open_file(path, kFlags);
}

// Whether `path` still names the file that `fd` is: whoever held the lock before may have moved it.
bool is_same_file(int fd, const std::string& path) {
  struct stat ours {};
  struct stat theirs {};
  return ::fstat(fd, &ours) == 0 && ::lstat(path.c_str(), &theirs) == 0 &&
         ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

}  // namespace

Error wrong_content(const ObjectId& expected, const Oid& got, std::uint64_t bytes) {
  return Error(Errc::corrupt, "expected OID " + expected.oid.hex() + ", got " + got.hex() +
                                  " after " + std::to_string(bytes) + " bytes written");
}

Result<void> check_content(const std::string& path, const ObjectId& id) {
  const Fd file = TRY(open_file(path, O_RDONLY));
  const ObjectId found = TRY(hash_to_end(file.get()));
  if (found == id) return {};
  return wrong_content(id, found.oid, found.size);
}

Result<PartialFile> PartialFile::open(const ObjectStore& store, const ObjectId& id) {
  static std::atomic<unsigned> counter{0};
  PartialFile file(store, id);
  file.path_ = store.partial_path(id.oid);
  file.fd_ = TRY(open_in(store, file.path_));
  if (::flock(file.fd_.get(), LOCK_EX | LOCK_NB) != 0 ||
      !is_same_file(file.fd_.get(), file.path_)) {
    file.own_name_ = true;
    file.path_ += "-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
    file.fd_ = TRY(open_in(store, file.path_));
  }
  struct stat status {};
  if (::fstat(file.fd_.get(), &status) != 0) {
    return Error::from_errno("look at " + file.path_, errno);
  }
  file.bytes_ = static_cast<std::uint64_t>(status.st_size);
  if (file.bytes_ > id.size) TRY(file.restart());
  if (id.size >= kStreamedBytesMin && !file.stream_) {
    file.stream_.emplace(file.fd_.get(), file.bytes_);
  }
  return file;
}

std::uint64_t PartialFile::resume_from() const {
  return bytes_ > 0 && bytes_ + 1 < id_.size ? bytes_ : 0;
}

Result<void> PartialFile::restart() {
  buffer_.clear();
  if (bytes_ == 0) return {};
  bytes_ = 0;
  stream_.reset();
  if (::ftruncate(fd_.get(), 0) != 0) return Error::from_errno("empty " + path_, errno);
  if (id_.size >= kStreamedBytesMin) stream_.emplace(fd_.get(), 0);
  return {};
}

Result<void> PartialFile::append(std::span<const std::byte> data) {
  if (data.size() > id_.size - bytes_) {
    return Error(Errc::corrupt, "the server sent more than the " + std::to_string(id_.size) +
                                    " bytes of " + id_.oid.hex());
  }
  bytes_ += data.size();
  if (stream_) return stream_->write(data);
  buffer_.insert(buffer_.end(), data.begin(), data.end());
  return buffer_.size() >= kBufferBytes ? flush() : Result<void>();
}

Result<void> PartialFile::flush() {
  if (stream_) return stream_->flush();
  if (buffer_.empty()) return {};
  TRY(pwrite_all(fd_.get(), buffer_, bytes_ - buffer_.size()));
  buffer_.clear();
  return {};
}

Result<Oid> PartialFile::digest() {
  if (stream_) return stream_->finish();
  Sha256 hash;
  std::vector<std::byte> buffer(
      std::min<std::uint64_t>(kBufferBytes, std::max<std::uint64_t>(1, bytes_)));
  for (std::uint64_t at = 0; at < bytes_;) {
    const std::size_t got = TRY(pread_full(fd_.get(), buffer, at));
    if (got == 0) return Error(Errc::io, path_ + " became shorter");
    hash.update(std::span<const std::byte>(buffer).first(got));
    at += got;
  }
  return hash.digest();
}

Result<void> PartialFile::finish() {
  TRY(flush());
  const Oid got = TRY(digest());
  if (bytes_ != id_.size || got != id_.oid) {
    // What is too short may be the beginning of the right content: the next try continues it.
    if (bytes_ >= id_.size || own_name_) ::unlink(path_.c_str());
    return wrong_content(id_, got, bytes_);
  }
  return store_->move_in(path_, id_);
}

void PartialFile::abandon() {
  const Result<void> kept = flush();
  if (own_name_ || bytes_ == 0 || !kept) ::unlink(path_.c_str());
}

}  // namespace lazylfs::lfs
