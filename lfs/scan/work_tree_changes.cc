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
#include <set>
#include <unordered_set>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/sha256.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/pointer/pointer.h"
#include "lfs/scan/pointer_scan.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kListingBytesMax = 1U << 30U;
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

  // False when git has to look.
  bool all_unchanged() {
    return std::all_of(index_.entries.begin(), index_.entries.end(),
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
    if (!parents_are_folders(entry.path) || ::lstat(path.c_str(), &status) != 0) return false;
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

  // A folder that became a symbolic link must not be followed. Entries are sorted, so the parent of
  // one is mostly the parent of the one before.
  bool parents_are_folders(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return true;
    const std::string_view parent = std::string_view(path).substr(0, slash);
    if (parent == last_parent_) return true;
    for (std::size_t end = parent.find('/');; end = parent.find('/', end + 1)) {
      const std::string folder(parent.substr(0, end));
      if (!checked_.contains(folder)) {
        struct stat status {};
        const std::string whole = repository_.work_tree() + '/' + folder;
        if (::lstat(whole.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return false;
        checked_.insert(folder);
      }
      if (end == std::string_view::npos) break;
    }
    last_parent_ = parent;
    return true;
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
    std::vector<std::byte> buffer(1U << 18U);
    Sha256 hash;
    while (true) {
      const std::size_t got = TRY(read_full(file.get(), buffer));
      hash.update(std::span(buffer).first(got));
      if (got < buffer.size()) return hash.digest();
    }
  }

  const Repository& repository_;
  const Index& index_;
  std::string last_parent_;
  std::set<std::string, std::less<>> checked_;
};

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
  const bool clean = FileCheck(repository, index).all_unchanged();
  TRACE(TraceArea::general, "run_command: git update-index -q --refresh");
  TRACE(TraceArea::general, "run_command: git diff-index -M " << shown);
  TRACE(TraceArea::general, "run_command: git diff-index -M --cached " << shown);
  if (!clean) {
    // Like upstream, in spite of the changes that it complains about.
    TRY(run_command(repository.git({"update-index", "-q", "--refresh"})));
  }
  const bool same = index_equals(index, compared.staged, compared.committed_files);
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
