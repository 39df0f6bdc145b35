#include "lfs/base/files.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "lfs/base/text.h"

namespace lazylfs {
namespace {

std::string temporary_sibling(const std::string& path) {
  static std::atomic<unsigned> counter{0};
  return path + ".tmp" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const Fd file = TRY(open_file(path, O_RDONLY));
  return TRY_CONTEXT("read " + path, read_to_end(file.get(), bytes_max));
}

Result<void> write_file_atomically(const std::string& path, std::string_view text,
                                   Durability durability, unsigned mode) {
  const std::string temporary = temporary_sibling(path);
  Result<void> written = [&]() -> Result<void> {
    const Fd file = TRY(open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, mode));
    TRY_CONTEXT("write " + temporary, write_all(file.get(), text));
    if (durability == Durability::synced && ::fdatasync(file.get()) != 0) {
      return Error::from_errno("sync " + temporary, errno);
    }
    if (std::rename(temporary.c_str(), path.c_str()) != 0) {
      return Error::from_errno("rename to " + path, errno);
    }
    return {};
  }();
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return durability == Durability::synced ? sync_folder(parent_path(path)) : Result<void>();
}

Result<void> make_folders(const std::string& path, unsigned mode) {
  if (path.empty() || is_folder(path)) return {};
  if (::mkdir(path.c_str(), mode) == 0) return {};
  if (errno == EEXIST && is_folder(path)) return {};
  if (errno != ENOENT) return Error::from_errno("create folder " + path, errno);
  TRY(make_folders(parent_path(path), mode));
  if (::mkdir(path.c_str(), mode) == 0 || (errno == EEXIST && is_folder(path))) return {};
  return Error::from_errno("create folder " + path, errno);
}

Result<void> sync_folder(const std::string& path) {
  const Fd folder = TRY(open_file(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(folder.get()) != 0) return Error::from_errno("sync folder " + path, errno);
  return {};
}

bool file_exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::string absolute_path(const std::string& path) {
  std::error_code ignored;
  std::string text = std::filesystem::absolute(path, ignored).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

std::string parent_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string base_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string home_folder() {
  std::string home = env_or_empty("HOME");
  if (!home.empty()) return home;
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    return entry.pw_dir;
  }
  return "";
}

std::string env_or_empty(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): we never call setenv
  return value == nullptr ? "" : value;
}

bool env_is_on(const char* name) {
  const std::string value = env_or_empty(name);
  return !value.empty() && value != "0" && !equals_ignoring_case(value, "false") &&
         !equals_ignoring_case(value, "no") && !equals_ignoring_case(value, "off");
}

}  // namespace lazylfs
