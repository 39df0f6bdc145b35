#include "lfs/worktree/large_files.h"

#include <sys/stat.h>

#include <algorithm>

#include "lfs/attributes/attribute_editor.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/git/filtered_paths.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kListingBytesMax = 1U << 30U;

bool is_read_by_git(const std::string& path) {
  const std::string name = base_name(path);
  return name.starts_with(".git") || name.starts_with(".lfs");
}

}  // namespace

Result<std::vector<LargeFile>> large_files_outside_lfs(const Repository& repository,
                                                       const std::string& folder,
                                                       std::uint64_t bytes_min) {
  std::vector<std::string> words{"ls-files", "-z", "--cached", "--others", "--exclude-standard"};
  if (!folder.empty()) words.insert(words.end(), {"--", ":(top,literal)" + folder});
  RunOptions options;
  options.output_bytes_max = kListingBytesMax;
  const std::string listing = TRY(run_command_checked(repository.git(words), options));

  std::vector<LargeFile> large;
  for (std::string_view rest = listing; !rest.empty();) {
    std::string path(take_until(rest, '\0'));
    struct stat status {};
    const std::string whole = repository.work_tree() + '/' + path;
    if (::lstat(whole.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size < bytes_min || is_read_by_git(path)) continue;
    large.push_back({std::move(path), size});
  }
  std::ranges::sort(large, {}, &LargeFile::path);
  const auto repeated = std::ranges::unique(large, {}, &LargeFile::path);  // of a conflict
  large.erase(repeated.begin(), repeated.end());

  std::vector<std::string> paths;
  for (const LargeFile& file : large) paths.push_back(file.path);
  const auto filtered = TRY(filtered_paths(repository, paths));
  std::erase_if(large, [&](const LargeFile& file) { return filtered.contains(file.path); });
  return large;
}

std::string attribute_pattern_of_file(const std::string& path) {
  // The slash ties it to its folder, and keeps '!' and '"' from being read as syntax.
  std::string pattern = escape_attribute_pattern('/' + path, true);
  for (const char blank : {'\t', '\n', '\r', '\v', '\f'}) {
    for (std::size_t at = 0; (at = pattern.find(blank, at)) != std::string::npos;) {
      pattern.replace(at, 1, "[[:space:]]");
    }
  }
  return pattern;
}

}  // namespace lazylfs::lfs
