#include "lfs/git/quick_repository.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/git/git_command.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kLinkBytesMax = 8192;
// The end of ".lfsconfig": what is before it may be left out where an index shares prefixes.
constexpr std::string_view kConfigName = "fsconfig";

struct Found {
  std::string work_tree, git_folder;
};

bool is_ours(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && status.st_uid == ::geteuid();
}

// The one path in a file such as ".git" ("gitdir: <path>") or "commondir", made absolute.
std::optional<std::string> linked_path(const std::string& file, std::string_view prefix,
                                       const std::string& base) {
  const Result<std::string> text = read_file(file, kLinkBytesMax);
  if (!text || !text->starts_with(prefix)) return std::nullopt;
  std::string path = text->substr(prefix.size());
  while (path.ends_with('\n') || path.ends_with('\r')) path.pop_back();
  if (path.empty()) return std::nullopt;
  return absolute_path(path.starts_with('/') ? path : base + '/' + path);
}

std::optional<Found> from_environment() {
  const std::string work_tree = env_or_empty("GIT_WORK_TREE");
  return Found{absolute_path(work_tree.empty() ? "." : work_tree),
               absolute_path(env_or_empty("GIT_DIR"))};
}

// Walks up, as git does, within one file system.
std::optional<Found> search() {
  std::string folder = absolute_path(".");
  struct stat start {};
  if (::stat(folder.c_str(), &start) != 0) return std::nullopt;
  while (true) {
    struct stat status {};
    const std::string dot_git = (folder == "/" ? "" : folder) + "/.git";
    if (::stat(dot_git.c_str(), &status) == 0) {
      if (!is_ours(folder) || !is_ours(dot_git)) return std::nullopt;
      if (S_ISDIR(status.st_mode)) return Found{folder, dot_git};
      const auto linked = linked_path(dot_git, "gitdir: ", folder);
      if (!linked || !is_ours(*linked)) return std::nullopt;
      return Found{folder, *linked};
    }
    // Perhaps a bare repository, or the inside of a .git folder.
    if (folder == "/" || file_exists(folder + "/HEAD")) return std::nullopt;
    folder = parent_path(folder);
    if (::stat(folder.c_str(), &status) != 0 || status.st_dev != start.st_dev) return std::nullopt;
  }
}

// A split index has most of its entries in another file, which its extension "link" names: a size
// of four bytes, so many bytes, then another extension or the checksum. A path may look so: no
// harm.
bool may_be_split(std::string_view index) {
  constexpr std::string_view kName = "link";
  constexpr std::size_t kHashBytesMin = 20;
  for (std::size_t at = index.find(kName); at != std::string_view::npos;
       at = index.find(kName, at + 1)) {
    const std::size_t content = at + kName.size() + 4;
    if (content + kHashBytesMin > index.size()) break;
    std::size_t size = 0;
    for (std::size_t i = content - 4; i < content; ++i) {
      size = size << 8U | static_cast<unsigned char>(index[i]);
    }
    if (size >= kHashBytesMin && size <= index.size() - content - kHashBytesMin) return true;
  }
  return false;
}

// True when the index cannot hold a .lfsconfig. Without an index HEAD would have to be asked.
bool index_lacks_lfsconfig(const std::string& git_folder) {
  const std::string given = env_or_empty("GIT_INDEX_FILE");
  const Result<Fd> file =
      open_file(given.empty() ? git_folder + "/index" : absolute_path(given), O_RDONLY);
  struct stat status {};
  if (!file || ::fstat(file->get(), &status) != 0 || status.st_size == 0) return false;
  const auto size = static_cast<std::size_t>(status.st_size);
  void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file->get(), 0);
  if (mapped == MAP_FAILED) return false;
  const std::string_view text(static_cast<const char*>(mapped), size);
  const bool lacks =
      ::memmem(text.data(), text.size(), kConfigName.data(), kConfigName.size()) == nullptr &&
      !may_be_split(text);
  ::munmap(mapped, size);
  return lacks;
}

void add_objects(QuickRepository& repository) {
  const std::string folder = env_or_empty("GIT_OBJECT_DIRECTORY");
  repository.objects_folder =
      folder.empty() ? repository.common_folder + "/objects" : absolute_path(folder);
  const std::string alternates = env_or_empty("GIT_ALTERNATE_OBJECT_DIRECTORIES");
  for (const std::string_view item : split(alternates, ':')) {
    if (!item.empty()) {
      repository.environment_alternates.push_back(absolute_path(std::string(item)));
    }
  }
}

}  // namespace

std::optional<QuickRepository> find_quick_repository() {
  for (const char* name : {"GIT_CEILING_DIRECTORIES", "GIT_COMMON_DIR"}) {
    if (!env_or_empty(name).empty()) return std::nullopt;
  }
  const auto found = env_or_empty("GIT_DIR").empty() ? search() : from_environment();
  if (!found || !file_exists(found->git_folder + "/HEAD")) return std::nullopt;
  if (file_exists(found->work_tree + "/.lfsconfig")) return std::nullopt;
  if (!index_lacks_lfsconfig(found->git_folder)) return std::nullopt;

  QuickRepository repository;
  repository.git_folder = found->git_folder;
  repository.work_tree = found->work_tree;
  repository.common_folder = found->git_folder;
  if (file_exists(found->git_folder + "/commondir")) {
    const auto common = linked_path(found->git_folder + "/commondir", "", found->git_folder);
    if (!common) return std::nullopt;
    repository.common_folder = *common;
  }
  add_objects(repository);
  Result<std::vector<ConfigEntry>> entries = read_git_config(repository.git_folder);
  if (!entries) return std::nullopt;
  repository.config = Config(std::move(*entries));
  return repository;
}

}  // namespace lazylfs::lfs
