#include "lfs/store/store_users.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "lfs/base/files.h"
#include "lfs/base/handle.h"
#include "lfs/base/sha256.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kRecordBytesMax = 8192;
constexpr std::size_t kDigestLength = 16;

// Beside the real folder of the objects, whatever links lead there.
std::string users_folder(const std::string& objects_folder) {
  const Handle<char, std::free> real(::realpath(objects_folder.c_str(), nullptr));
  return parent_path(real ? real.get() : objects_folder) + "/users";
}

std::string record_path(const std::string& objects_folder, const std::string& common_folder) {
  return users_folder(objects_folder) + '/' +
         Sha256::of(common_folder).hex().substr(0, kDigestLength);
}

bool is_link(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

bool is_own(const std::string& common_folder, const std::string& objects_folder) {
  const std::string usual = common_folder + "/lfs";
  return objects_folder == usual + "/objects" && !is_link(usual) && !is_link(objects_folder);
}

void register_with(const ObjectStore& store, const std::string& objects_folder,
                   const std::string& common_folder) {
  const std::string path = record_path(objects_folder, common_folder);
  if (file_exists(path)) return;
  Result<void> made = store.make_store_folders(parent_path(path));
  if (made) made = write_file_atomically(path, common_folder + '\n');
  if (!made) TRACE(TraceArea::general, "not registered: " << made.error().message());
}

// Gone: not merely unreadable.
bool is_gone(const std::string& common_folder) {
  struct stat status {};
  const std::string head = common_folder + "/HEAD";
  return ::lstat(head.c_str(), &status) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

}  // namespace

void register_store_user(const std::string& common_folder, const ObjectStore& store) {
  const std::vector<std::string>& folders = store.local().object_folders();
  for (std::size_t i = 0; i < folders.size(); ++i) {
    if (is_own(common_folder, folders[i])) continue;
    // There is nothing to borrow from an alternate without a store.
    if (i > 0 && !is_folder(folders[i])) continue;
    register_with(store, folders[i], common_folder);
  }
}

std::vector<std::string> store_users(const std::string& objects_folder) {
  std::vector<std::string> users;
  const std::string folder = users_folder(objects_folder);
  const Handle<DIR, closedir> entries(::opendir(folder.c_str()));
  if (!entries) return users;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone
  while (const dirent* entry = ::readdir(entries.get())) {
    if (std::string_view(entry->d_name).size() != kDigestLength) continue;
    const std::string path = folder + '/' + entry->d_name;
    const Result<std::string> text = read_file(path, kRecordBytesMax);
    std::string user = text ? *text : "";
    if (!user.ends_with('\n') || !user.starts_with('/')) continue;
    user.pop_back();
    if (is_gone(user)) {
      ::unlink(path.c_str());
    } else {
      users.push_back(std::move(user));
    }
  }
  std::ranges::sort(users);
  return users;
}

}  // namespace lazylfs::lfs
