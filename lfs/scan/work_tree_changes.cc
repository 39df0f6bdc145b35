// Most calls find nothing changed, and a process that compares 10,000 files takes longer to start
// and to print than the comparison itself. So the index is compared to HEAD's tree and each file's
// stat to the index here. Only a difference leads to git, which alone decides on renames, on
// submodules, and on files whose content has to be filtered to be compared.
//
// A file that was checked out in the very moment in which the index was written looks suspicious
// for ever; after a clone these are many, and git would run the clean filter on each. An LFS file
// whose bytes hash to the staged pointer's object is as good as unchanged.
#include "lfs/scan/work_tree_changes.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <span>
#include <unordered_set>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/sha256.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/pointer/pointer.h"
#include "lfs/scan/parallel.h"
#include "lfs/scan/pointer_scan.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kListingBytesMax = 1U << 30U;
constexpr std::size_t kEntriesPerThreadMin = 2000;
constexpr const char* kEmptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

// ":<mode> <mode> <oid> <oid> <status>\0<path>\0[<path>\0]"
Result<std::vector<IndexChange>> parse_raw_diff(std::string_view listing) {
  std::vector<IndexChange> changes;
  while (!listing.empty()) {
    std::string_view head = take_until(listing, '\0');
    const std::vector<std::string_view> words = split(head, ' ');
    if (words.size() != 5 || words[4].empty()) {
      return Error(Errc::corrupt, "git diff-index printed what is no change");
    }
    IndexChange change;
    change.from = TRY(GitOid::parse(words[2]));
    change.to = TRY(GitOid::parse(words[3]));
    change.status = words[4][0];
    change.source = take_until(listing, '\0');
    if (change.status == 'R' || change.status == 'C') change.target = take_until(listing, '\0');
    changes.push_back(std::move(change));
  }
  return changes;
}

Result<std::string> ask_git(const Repository& repository, std::vector<std::string> arguments) {
  RunOptions options;
  options.output_bytes_max = kListingBytesMax;
  return run_command_checked(repository.git(std::move(arguments)), options);
}

Result<std::vector<IndexChange>> diff_index(const Repository& repository, const std::string& tree,
                                            bool cached) {
  std::vector<std::string> arguments{"diff-index", "-M", "-z"};
  if (cached) arguments.emplace_back("--cached");
  arguments.push_back(tree);
  return parse_raw_diff(TRY(ask_git(repository, std::move(arguments))));
}

// Compares files to what the index remembers of them.
class FileCheck {
 public:
  FileCheck(const Repository& repository, const Index& index)
      : repository_(repository), index_(index) {}

  // Whether the entries [begin, end) are; false when git has to look.
  bool all_unchanged(std::size_t begin, std::size_t end) {
    const auto entries = std::span(index_.entries).subspan(begin, end - begin);
    return std::all_of(entries.begin(), entries.end(),
                       [this](const IndexEntry& entry) { return is_unchanged(entry); });
  }

 private:
  bool is_unchanged(const IndexEntry& entry) {
    if (entry.stage != 0 || entry.intent_to_add) return false;
    const std::string path = repository_.work_tree() + '/' + entry.path;
    if ((entry.mode & S_IFMT) == S_IFDIR || (entry.mode & S_IFMT) == 0160000) {
      return !file_exists(path + "/.git");  // a submodule that is checked out may have changes
    }
    if (entry.skip_worktree || entry.assume_valid) return true;
    struct stat status {};
    if (!enter_parent(entry.path)) return false;
    const std::size_t slash = entry.path.rfind('/');
    const char* name = entry.path.c_str() + (slash == std::string::npos ? 0 : slash + 1);
    if (::fstatat(parent_fd_.get(), name, &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
    switch (compare_stamp(index_, entry, status)) {
      case FileState::unchanged:
        return true;
      case FileState::changed:
        return false;
      case FileState::unknown:
        return S_ISREG(status.st_mode) && holds_staged_object(entry, path, status);
    }
    return false;
  }

  // Opens the folder of `path`, unless it is open. A folder that became a symbolic link must not be
  // followed. Entries are sorted, so the parent of one is mostly the parent of the one before.
  bool enter_parent(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string_view parent =
        slash == std::string::npos ? std::string_view() : std::string_view(path).substr(0, slash);
    if (parent_fd_ && parent == parent_) return true;
    std::string_view rest = parent;
    while (!rest.empty()) {
      take_until(rest, '/');
      const std::size_t end = parent.size() - rest.size() - (rest.empty() ? 0 : 1);
      const std::string folder(parent.substr(0, end));
      if (!folders_.contains(folder)) {
        struct stat status {};
        const std::string whole = repository_.work_tree() + '/' + folder;
        if (::lstat(whole.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return false;
        folders_.insert(folder);
      }
    }
    parent_ = parent;
    const std::string whole = repository_.work_tree() + '/' + parent_;
    parent_fd_ = Fd(::open(whole.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    return static_cast<bool>(parent_fd_);
  }

  bool holds_staged_object(const IndexEntry& entry, const std::string& path,
                           const struct stat& status) {
    const bool executable = (status.st_mode & S_IXUSR) != 0;
    if (executable != ((entry.mode & S_IXUSR) != 0)) return false;
    const Result<SmallBlob> blob = repository_.read_small_blob(entry.oid, kPointerBytesMax - 1);
    if (!blob || !blob->content || blob->content->empty()) return false;
    const Result<Pointer> pointer = parse_pointer(*blob->content);
    if (!pointer || pointer->size != static_cast<std::uint64_t>(status.st_size)) return false;
    if (repository_.attribute(entry.path, "filter") != "lfs") return false;
    const Result<Oid> oid = hash_file(path);
    return oid && *oid == pointer->oid;
  }

  static Result<Oid> hash_file(const std::string& path) {
    const Fd file = TRY(open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    return TRY(hash_to_end(file.get())).oid;
  }

  const Repository& repository_;
  const Index& index_;
  std::string parent_;
  Fd parent_fd_;
  std::set<std::string, std::less<>> folders_;  // known to be folders and not links
};

bool work_tree_unchanged(const Repository& repository, const Index& index) {
  std::atomic<bool> unchanged{true};
  in_parallel(index.entries.size(), kEntriesPerThreadMin, [&](std::size_t begin, std::size_t end) {
    if (!FileCheck(repository, index).all_unchanged(begin, end)) unchanged = false;
  });
  return unchanged;
}

// What upstream tells changes apart by.
std::string change_key(const IndexChange& change) {
  const std::string& name = change.target.empty() ? change.source : change.target;
  return change.from.hex() + change.to.hex() + name;
}

bool index_equals(const Index& index, const std::vector<BlobEntry>& staged,
                  std::size_t committed_files) {
  std::size_t files = 0;
  for (const IndexEntry& entry : index.entries) {
    if (entry.stage != 0 || entry.intent_to_add) return false;
    if ((entry.mode & S_IFMT) == 0160000) return false;  // the tree's submodules are not compared
    ++files;
  }
  return staged.empty() && files == committed_files;
}

}  // namespace

Result<WorkTreeChanges> work_tree_changes(const Repository& repository, const GitOid* tree) {
  const std::string revision = tree == nullptr ? kEmptyTree : tree->hex();
  const std::string shown = tree == nullptr ? kEmptyTree : "HEAD";
  const Index index = TRY(repository.read_index());
  const TreeComparison compared = TRY(compare_index(repository, index, tree));
  WorkTreeChanges changes;
  const bool clean = work_tree_unchanged(repository, index);
  TRACE(TraceArea::general, "run_command: git update-index -q --refresh");
  TRACE(TraceArea::general, "run_command: git diff-index -M " << shown);
  TRACE(TraceArea::general, "run_command: git diff-index -M --cached " << shown);
  if (!clean) {
    // Like upstream, in spite of the changes that it complains about.
    TRY(run_command(repository.git({"update-index", "-q", "--refresh"})));
  }
  const bool same = index_equals(index, compared.staged, compared.committed.size());
  if (!same) changes.staged = TRY(diff_index(repository, revision, true));
  if (clean) return changes;
  std::unordered_set<std::string> known;
  for (const IndexChange& change : changes.staged) known.insert(change_key(change));
  for (IndexChange& change : TRY(diff_index(repository, revision, false))) {
    if (known.insert(change_key(change)).second) changes.unstaged.push_back(std::move(change));
  }
  return changes;
}

}  // namespace lazylfs::lfs
