#include "lfs/git/index.h"

#include <algorithm>
#include <tuple>

#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/base/timespec.h"
#include "lfs/git/libgit2.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kListingBytesMax = 1U << 30U;

using IndexHandle = Handle<git_index, git_index_free>;

// Seconds are stored in 32 bits, signed in libgit2 and unsigned in git.
std::int64_t stamped_nanoseconds(const git_index_time& time) {
  return static_cast<std::int64_t>(static_cast<std::uint32_t>(time.seconds)) *
             kNanosecondsPerSecond +
         time.nanoseconds;
}

IndexEntry convert(const git_index_entry& raw) {
  IndexEntry entry;
  entry.path = raw.path;
  entry.oid = from_libgit2(raw.id);
  entry.mode = raw.mode;
  entry.stage = static_cast<std::uint8_t>(GIT_INDEX_ENTRY_STAGE(&raw));
  entry.assume_valid = (raw.flags & GIT_INDEX_ENTRY_VALID) != 0;
  entry.skip_worktree = (raw.flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE) != 0;
  entry.intent_to_add = (raw.flags_extended & GIT_INDEX_ENTRY_INTENT_TO_ADD) != 0;
  entry.stamp = {stamped_nanoseconds(raw.mtime),
                 stamped_nanoseconds(raw.ctime),
                 raw.ino,
                 raw.uid,
                 raw.gid,
                 raw.file_size};
  return entry;
}

// "H 100644 <oid> 0\t<path>", each ended by NUL.
Result<IndexEntry> parse_listed(std::string_view line) {
  IndexEntry entry;
  const std::string_view tag = take_until(line, ' ');
  const std::string_view mode = take_until(line, ' ');
  const std::string_view oid = take_until(line, ' ');
  const std::string_view stage = take_until(line, '\t');
  for (const char digit : mode) entry.mode = entry.mode * 8 + static_cast<unsigned>(digit - '0');
  entry.oid = TRY(GitOid::parse(oid));
  entry.stage = static_cast<std::uint8_t>(parse_uint(stage).value_or(0));
  entry.skip_worktree = tag == "S" || tag == "s";
  entry.path = line;
  return entry;
}

// For index formats that libgit2 does not know.
Result<Index> list_by_git(const Repository& repository, const std::string& path) {
  RunOptions options;
  options.output_bytes_max = kListingBytesMax;
  Command command = repository.git({"ls-files", "-z", "-t", "--stage", "--full-name"});
  command.set_environment.push_back("GIT_INDEX_FILE=" + path);
  const std::string listing = TRY(run_command_checked(command, options));
  Index index;
  index.has_stamps = false;
  std::string_view rest = listing;
  while (!rest.empty()) index.entries.push_back(TRY(parse_listed(take_until(rest, '\0'))));
  return index;
}

bool same_type(std::uint32_t index_mode, const struct stat& status) {
  if (S_ISLNK(status.st_mode)) return (index_mode & S_IFMT) == S_IFLNK;
  if (!S_ISREG(status.st_mode) || (index_mode & S_IFMT) != S_IFREG) return false;
  return ((index_mode & S_IXUSR) != 0) == ((status.st_mode & S_IXUSR) != 0);
}

}  // namespace

const IndexEntry* Index::find(std::string_view path, std::uint8_t stage) const {
  const auto found = std::lower_bound(entries.begin(), entries.end(), std::tie(path, stage),
                                      [](const IndexEntry& entry, const auto& wanted) {
                                        return std::tuple<std::string_view, std::uint8_t>(
                                                   entry.path, entry.stage) < wanted;
                                      });
  const bool here = found != entries.end() && found->path == path && found->stage == stage;
  return here ? &*found : nullptr;
}

FileState compare_stamp(const Index& index, const IndexEntry& entry, const struct stat& status) {
  if (!index.has_stamps) return FileState::unknown;
  if (!same_type(entry.mode, status)) return FileState::changed;
  const FileStamp& stamp = entry.stamp;
  const bool same = stamp.mtime_ns == nanoseconds(status.st_mtim) &&
                    stamp.size == static_cast<std::uint32_t>(status.st_size) &&
                    stamp.inode == static_cast<std::uint32_t>(status.st_ino) &&
                    stamp.user == status.st_uid && stamp.group == status.st_gid &&
                    stamp.ctime_ns == nanoseconds(status.st_ctim);
  if (!same) return FileState::unknown;
  return stamp.mtime_ns < index.written_ns ? FileState::unchanged : FileState::unknown;
}

Result<Index> Repository::read_index() const { return read_index(index_path()); }

Result<Index> Repository::read_index(const std::string& path) const {
  struct stat status {};
  Index index;
  if (::stat(path.c_str(), &status) != 0) return index;  // nothing was staged yet
  IndexHandle raw;
  start_libgit2();
  if (git_index_open(Out(raw), path.c_str()) != 0) return list_by_git(*this, path);
  index.written_ns = nanoseconds(status.st_mtim);
  const std::size_t count = git_index_entrycount(raw.get());
  index.entries.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const git_index_entry* entry = git_index_get_byindex(raw.get(), i);
    if ((entry->mode & S_IFMT) == S_IFDIR)
      return list_by_git(*this, path);  // sparse: a whole folder
    index.entries.push_back(convert(*entry));
  }
  return index;
}

}  // namespace lazylfs::lfs
