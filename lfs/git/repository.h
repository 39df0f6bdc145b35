// Git repositories through libgit2: discovery, objects, refs. The only module that includes git2.h.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/process.h"
#include "lfs/base/result.h"

namespace lazylfs::lfs {

class Config;
struct Index;
struct RawObject;

// A Git object id (SHA-1). Value.
struct GitOid {
  std::array<std::uint8_t, 20> bytes{};

  static Result<GitOid> parse(std::string_view hex);  // 40 digits
  std::string hex() const;
  bool is_zero() const { return *this == GitOid{}; }
  auto operator<=>(const GitOid&) const = default;
};

struct GitOidHash {
  std::size_t operator()(const GitOid& oid) const noexcept {
    std::size_t value = 0;  // an id is uniformly distributed: any eight bytes of it are a hash
    std::memcpy(&value, oid.bytes.data(), sizeof value);
    return value;
  }
};

struct Commit {
  GitOid oid;
  GitOid tree;
  std::int64_t time = 0;  // committer's, seconds since 1970
};

struct CommitObject {
  Commit commit;
  std::vector<GitOid> parents;
};

enum class EntryKind : std::uint8_t { file, executable, symlink, folder, submodule };

// What may be an LFS file.
inline bool is_file(EntryKind kind) {
  return kind == EntryKind::file || kind == EntryKind::executable;
}

// One entry of a tree object. `name` is raw bytes, already checked to be a legal file name: not
// empty, not ".", ".." or ".git", without '/' or NUL, no longer than 255 bytes, and no name comes
// twice (hostile entries are dropped with a log line).
struct TreeEntry {
  std::string name;
  EntryKind kind = EntryKind::file;
  GitOid oid;
};

struct RefName {
  std::string name;  // "refs/heads/main"
  GitOid target;     // peeled to a commit
};

struct BlobHeader {
  std::uint64_t size = 0;
  bool missing = false;  // a promisor object that is not here yet
};

struct SmallBlob {
  BlobHeader header;
  std::optional<std::string> content;  // when it is here and small enough
};

// Thread-safe: every thread may call every method (libgit2's object database is).
class Repository {
 public:
  // The repository that contains `path` (work tree, sub-folder of one, .git folder, or bare). With
  // `path` empty or ".", the environment's GIT_DIR and GIT_WORK_TREE decide, as for git itself.
  // Errc::not_found when there is none; Errc::unsupported with a clear text for SHA-256
  // repositories; Errc::denied, with git's advice, when safe.directory forbids it.
  static Result<Repository> discover(const std::string& path);

  Repository(Repository&&) noexcept;
  Repository& operator=(Repository&&) noexcept;
  Repository(const Repository&) = delete;
  Repository& operator=(const Repository&) = delete;
  ~Repository();

  const std::string& git_folder() const;     // absolute; of a work tree: its own git dir
  const std::string& common_folder() const;  // shared by all work trees
  const std::string& work_tree() const;      // empty when bare
  // Where objects are, and the folders of GIT_ALTERNATE_OBJECT_DIRECTORIES.
  const std::string& objects_folder() const;
  const std::vector<std::string>& environment_alternates() const;
  bool is_bare() const { return work_tree().empty(); }

  // All scopes, includes, -c and GIT_CONFIG_*, then the safe keys of .lfsconfig below them.
  // Read once, at the first call.
  const Config& config() const;

  // Any commit-ish: branch, tag, abbreviated id, HEAD~3, remote branch. Errc::not_found otherwise;
  // the message names the ref and, when there is a near one, suggests it.
  Result<Commit> resolve_commit(std::string_view revision) const;
  // "refs/heads/main" for "main", "HEAD" for a detached one; empty when it names no ref.
  std::string full_ref_name(const std::string& revision) const;
  // Errc::not_found when it is not here (in a shallow clone, or a promisor's).
  Result<CommitObject> read_commit(const GitOid& oid) const;
  // The tree at `path` ("" = root) of a commit. Errc::not_found when it is no folder.
  Result<GitOid> tree_at(const GitOid& tree, std::string_view path) const;
  Result<std::vector<TreeEntry>> read_tree(const GitOid& tree) const;

  // A commit, tree or tag as it is stored. One of a partial clone that is not here is fetched.
  // Errc::not_found when it is not here, Errc::invalid when larger than `bytes_max`.
  Result<RawObject> read_object(const GitOid& oid, std::size_t bytes_max = 512U << 20U) const;

  // Size without inflating the whole blob where the pack allows. Errc::corrupt when it is neither
  // here nor a promisor's, or cannot be read.
  Result<BlobHeader> blob_header(const GitOid& blob) const;
  // blob_header, and the content too when it has at most `bytes_max` bytes: for telling pointers
  // from other blobs in one look-up.
  Result<SmallBlob> read_small_blob(const GitOid& blob, std::size_t bytes_max) const;
  // Errc::invalid when larger than `bytes_max`; Errc::not_found when it is not here.
  Result<std::string> read_blob(const GitOid& blob, std::size_t bytes_max) const;
  // Streams a blob of any size to `fd`.
  Result<void> write_blob_to(const GitOid& blob, int fd) const;

  // The staging area; empty when there is none yet.
  Result<Index> read_index() const;
  // The one in the file `path`: of another work tree.
  Result<Index> read_index(const std::string& path) const;
  std::string index_path() const;  // GIT_INDEX_FILE, else in the git folder

  // The value of attribute `name` for `path` as git sees it in the work tree, else the index (bare:
  // HEAD); empty when unset or unspecified.
  std::string attribute(const std::string& path, const char* name) const;

  // `git <arguments>` on this repository with the environment's index and work tree, in the top
  // folder of the work tree. Other than for this class's own processes, filters and hooks run.
  Command git(std::vector<std::string> arguments) const;

  std::vector<RefName> refs() const;      // heads, tags and remotes
  std::vector<RefName> all_refs() const;  // also notes, stashes and what else is below refs/
  std::string current_branch() const;     // "refs/heads/main"; empty when HEAD is detached

  // Unmaps the packs when nothing was read since the last call: a daemon calls it now and then.
  void close_idle_packs() const;

  // Asks git for promisor objects that are missing here: one `git fetch` for all of them.
  // Blocks on the network, with a deadline. Nothing to do when none is missing. Calls from several
  // threads take turns, and a later one fetches only what the earlier ones did not bring.
  Result<void> fetch_missing(const std::vector<GitOid>& blobs) const;

 private:
  struct Impl;
  explicit Repository(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// `url` cloned by git: bare, blobless, `--depth=1` when `shallow` and the ref allows; in full where
// the server cannot filter. `folder` must not exist; it appears only when complete. `ref` may be
// empty (the remote's HEAD). Progress and prompts go to the terminal when `interactive`.
struct CloneOptions {
  std::string url, folder, ref;
  bool shallow = true;
  bool interactive = false;
};
Result<void> clone_repository(const CloneOptions& options);

// Brings `ref` of a repository made by clone_repository up to date (git fetch), or all refs when
// `ref` is empty.
Result<void> update_clone(const std::string& folder, const std::string& ref, bool interactive);

}  // namespace lazylfs::lfs
