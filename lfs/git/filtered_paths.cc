#include "lfs/git/filtered_paths.h"

#include "lfs/base/process.h"
#include "lfs/base/text.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kListingBytesMax = 1U << 30U;

}  // namespace

Result<std::unordered_set<std::string>> filtered_paths(const Repository& repository,
                                                       const std::vector<std::string>& paths) {
  std::unordered_set<std::string> filtered;
  if (paths.empty()) return filtered;
  if (repository.is_bare()) {  // git before 2.43 reads no attributes there
    for (const std::string& path : paths) {
      if (repository.attribute(path, "filter") == "lfs") filtered.insert(path);
    }
    return filtered;
  }
  std::string input;
  for (const std::string& path : paths) {
    input += path;
    input += '\0';
  }
  RunOptions options;
  options.input = input;
  options.output_bytes_max = kListingBytesMax;
  const std::string listing =
      TRY(run_command_checked(repository.git({"check-attr", "-z", "--stdin", "filter"}), options));
  std::string_view rest = listing;
  while (!rest.empty()) {
    const std::string_view path = take_until(rest, '\0');
    take_until(rest, '\0');
    if (take_until(rest, '\0') == "lfs") filtered.emplace(path);
  }
  return filtered;
}

}  // namespace lazylfs::lfs
