#include "lfs/git/repository.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include <git2/sys/repository.h>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/guarded.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/git/config.h"
#include "lfs/git/discovery.h"
#include "lfs/git/git_command.h"
#include "lfs/git/index_probe.h"
#include "lfs/git/object_database.h"
#include "lfs/git/raw_objects.h"
#include "lfs/git/revision.h"
#include "lfs/git/tree_parser.h"

namespace lazylfs::lfs {
namespace {

constexpr std::uint64_t kTreeBytesMax = 512U << 20U;
constexpr std::uint64_t kCommitBytesMax = 64U << 20U;
constexpr std::size_t kLfsconfigBytesMax = 1U << 20U;
// Larger blobs are streamed by a git process instead of being held in memory.
constexpr std::uint64_t kBlobInMemoryMax = 32U << 20U;
constexpr std::size_t kFetchOidsMax = 20000;  // in one git fetch
constexpr std::chrono::minutes kFetchTimeout{10};

// No symbolic links and no special files: .lfsconfig comes from the repository.
std::optional<std::string> read_plain_file(const std::string& path, std::size_t bytes_max) {
  const Result<Fd> file = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat status {};
  if (!file || ::fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  Result<std::string> text = read_to_end(file->get(), bytes_max);
  if (!text) return std::nullopt;
  return std::move(*text);
}

void warn_of_unsafe_keys(const std::vector<std::string>& keys) {
  if (keys.empty()) return;
  std::string text = "warning: These unsafe '.lfsconfig' keys were ignored:\n\n";
  for (const std::string& key : keys) text += "  " + key + "\n";
  (void)write_all(STDERR_FILENO, text).has_value();  // nobody to tell if this fails
}

}  // namespace

Result<GitOid> GitOid::parse(std::string_view hex) {
  git_oid oid{};
  if (hex.size() != GIT_OID_HEXSZ || git_oid_fromstrn(&oid, hex.data(), hex.size()) != 0) {
    return Error(Errc::invalid, "a git object id has 40 hexadecimal digits");
  }
  return from_libgit2(oid);
}

std::string GitOid::hex() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

struct Repository::Impl {
  explicit Impl(DiscoveredRepository discovered)
      : git_folder(std::move(discovered.git_folder)),
        common_folder(std::move(discovered.common_folder)),
        work_tree(std::move(discovered.work_tree)),
        objects_folder(std::move(discovered.objects_folder)),
        environment_alternates(std::move(discovered.environment_alternates)),
        promisors(std::move(discovered.promisors)),
        objects(objects_folder, environment_alternates, !promisors.empty()),
        handle(std::move(discovered.handle)),
        moved_objects(objects_folder != common_folder + "/objects") {}

  // A git process on this repository, in the folder that relative remotes are relative to.
  Command git(std::vector<std::string> arguments) const {
    Command command = git_command(std::move(arguments), git_folder);
    if (!work_tree.empty()) command.folder = work_tree;
    return command;
  }

  bool is_promisor() const { return !promisors.empty(); }

  // Runs `use` on libgit2's repository, which then lets go of its packs: see object_database.cc.
  template <typename Use>
  auto with_handle(Use use) const {
    auto locked = handle.lock();
    auto result = use(locked->get());
    const bool own_objects = environment_alternates.empty() && !moved_objects;
    if (own_objects) git_repository__cleanup(locked->get());
    return result;
  }

  Result<BlobHeader> judge(const GitOid& blob, const Result<GitObjectHeader>& header) const;
  std::optional<std::string> lfsconfig_text(const Repository& repository) const;
  Result<void> fetch(const std::string& remote, const std::vector<GitOid>& oids);

  const std::string git_folder, common_folder, work_tree, objects_folder;
  const std::vector<std::string> environment_alternates, promisors;
  ObjectDatabase objects;
  // libgit2's repository object, for refs and revisions: rare, hence one lock.
  Guarded<RepositoryHandle> handle;
  const bool moved_objects;  // by GIT_OBJECT_DIRECTORY, which `handle` cannot find out again
  std::mutex fetching;       // one git fetch at a time; held over the network on purpose
  std::once_flag config_read;
  Config config;
};

Repository::Repository(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Repository::Repository(Repository&&) noexcept = default;
Repository& Repository::operator=(Repository&&) noexcept = default;
Repository::~Repository() = default;

Result<Repository> Repository::discover(const std::string& path) {
  return Repository(std::make_unique<Impl>(TRY(discover_repository(path))));
}

const std::string& Repository::git_folder() const { return impl_->git_folder; }
const std::string& Repository::common_folder() const { return impl_->common_folder; }
const std::string& Repository::work_tree() const { return impl_->work_tree; }
const std::string& Repository::objects_folder() const { return impl_->objects_folder; }
const std::vector<std::string>& Repository::environment_alternates() const {
  return impl_->environment_alternates;
}

// The work tree's file, else the index's, else HEAD's.
std::optional<std::string> Repository::Impl::lfsconfig_text(const Repository& repository) const {
  if (!work_tree.empty()) {
    if (auto text = read_plain_file(work_tree + "/.lfsconfig", kLfsconfigBytesMax)) return text;
    if (index_may_have(git_folder + "/index", ".lfsconfig")) {
      RunOptions options;
      options.output_bytes_max = kLfsconfigBytesMax;
      Result<CommandOutput> staged = run_command(git({"cat-file", "blob", ":.lfsconfig"}), options);
      if (staged && staged->exit_code == 0) return std::move(staged->out);
    }
  }
  const Result<Commit> head = repository.resolve_commit("HEAD");
  if (!head) return std::nullopt;
  const Result<std::vector<TreeEntry>> entries = repository.read_tree(head->tree);
  if (!entries) return std::nullopt;
  for (const TreeEntry& entry : *entries) {
    if (entry.name != ".lfsconfig") continue;
    if (!is_file(entry.kind)) return std::nullopt;
    const Result<void> fetched = repository.fetch_missing({entry.oid});
    if (!fetched) log_line(LogLevel::warning, ".lfsconfig: " + fetched.error().message());
    Result<std::string> text = repository.read_blob(entry.oid, kLfsconfigBytesMax);
    return text ? std::optional(std::move(*text)) : std::nullopt;
  }
  return std::nullopt;
}

const Config& Repository::config() const {
  std::call_once(impl_->config_read, [this] {
    std::vector<ConfigEntry> entries;
    if (const auto text = impl_->lfsconfig_text(*this)) {
      std::vector<std::string> unsafe_keys;
      Result<std::vector<ConfigEntry>> safe = read_lfsconfig(*text, unsafe_keys);
      if (safe) entries = std::move(*safe);
      if (!safe) log_line(LogLevel::warning, safe.error().message());
      warn_of_unsafe_keys(unsafe_keys);
    }
    Result<std::vector<ConfigEntry>> git_entries = read_git_config(impl_->git_folder);
    if (!git_entries) log_line(LogLevel::error, git_entries.error().message());
    if (git_entries) {
      entries.insert(entries.end(), std::make_move_iterator(git_entries->begin()),
                     std::make_move_iterator(git_entries->end()));
    }
    impl_->config = Config(std::move(entries));
  });
  return impl_->config;
}

Result<Commit> Repository::resolve_commit(std::string_view revision) const {
  return impl_->with_handle([&](git_repository* handle) { return find_commit(handle, revision); });
}

Result<CommitObject> Repository::read_commit(const GitOid& oid) const {
  const GitObject object = TRY(impl_->objects.read_structure(oid, kCommitBytesMax));
  if (object.type != GIT_OBJECT_COMMIT) {
    return Error(Errc::not_found, "git object " + oid.hex() + " is no commit");
  }
  return parse_commit(oid, object.data);
}

std::string Repository::attribute(const std::string& path, const char* name) const {
  const std::uint32_t flags = is_bare() ? GIT_ATTR_CHECK_INDEX_ONLY | GIT_ATTR_CHECK_INCLUDE_HEAD
                                        : GIT_ATTR_CHECK_FILE_THEN_INDEX;
  return impl_->with_handle([&](git_repository* handle) -> std::string {
    const char* value = nullptr;
    if (git_attr_get(&value, handle, flags, path.c_str(), name) != 0) return "";
    return git_attr_value(value) == GIT_ATTR_VALUE_STRING ? value : "";
  });
}

std::string Repository::full_ref_name(const std::string& revision) const {
  return impl_->with_handle([&](git_repository* handle) -> std::string {
    ReferenceHandle reference;
    if (git_reference_dwim(Out(reference), handle, revision.c_str()) != 0) return "";
    const char* target = git_reference_symbolic_target(reference.get());
    return target != nullptr ? target : git_reference_name(reference.get());
  });
}

std::vector<RefName> Repository::refs() const {
  return impl_->with_handle([](git_repository* handle) { return list_refs(handle, false); });
}

std::vector<RefName> Repository::all_refs() const {
  return impl_->with_handle([](git_repository* handle) { return list_refs(handle, true); });
}

std::string Repository::current_branch() const { return impl_->with_handle(head_branch); }

Result<GitOid> Repository::tree_at(const GitOid& tree, std::string_view path) const {
  GitOid current = tree;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    const std::vector<TreeEntry> entries = TRY(read_tree(current));
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const TreeEntry& entry) {
      return entry.name == part && entry.kind == EntryKind::folder;
    });
    if (found == entries.end()) {
      return Error(Errc::not_found, "no folder '" + std::string(path) + "' in the commit");
    }
    current = found->oid;
  }
  return current;
}

Result<std::vector<TreeEntry>> Repository::read_tree(const GitOid& tree) const {
  Result<GitObject> object = impl_->objects.read_structure(tree, kTreeBytesMax);
  const bool absent = !object && object.error().code() == Errc::not_found;
  if (absent && impl_->is_promisor()) {  // a treeless clone
    TRY(fetch_missing({tree}));
    object = impl_->objects.read_structure(tree, kTreeBytesMax);
  }
  if (!object) return object.error();
  if (object->type != GIT_OBJECT_TREE) {
    return Error(Errc::not_found, "git object " + tree.hex() + " is no tree");
  }
  ParsedTree parsed = TRY_CONTEXT("git tree " + tree.hex(), parse_tree(object->data));
  if (!parsed.dropped.empty()) {
    log_line(LogLevel::warning, "git tree " + tree.hex() + ": " +
                                    std::to_string(parsed.dropped.size()) +
                                    " entries with names that no file may have are left out");
  }
  return std::move(parsed.entries);
}

Result<RawObject> Repository::read_object(const GitOid& oid, std::size_t bytes_max) const {
  Result<GitObject> object = impl_->objects.read_structure(oid, bytes_max);
  if (!object && object.error().code() == Errc::not_found && impl_->is_promisor()) {
    TRY(fetch_missing({oid}));
    object = impl_->objects.read_structure(oid, bytes_max);
  }
  if (!object) return object.error();
  return RawObject{static_cast<ObjectType>(object->type), std::move(object->data)};
}

// What blob_header answers for an object whose header could or could not be read.
Result<BlobHeader> Repository::Impl::judge(const GitOid& blob,
                                           const Result<GitObjectHeader>& header) const {
  if (!header) {
    if (header.error().code() != Errc::not_found) return header.error();
    if (is_promisor()) return BlobHeader{0, true};
    return Error(Errc::corrupt, header.error().message());
  }
  if (header->type == GIT_OBJECT_BLOB) return BlobHeader{header->size, false};
  return Error(Errc::corrupt, "git object " + blob.hex() + " is no blob");
}

Result<BlobHeader> Repository::blob_header(const GitOid& blob) const {
  return impl_->judge(blob, impl_->objects.header(blob));
}

Result<SmallBlob> Repository::read_small_blob(const GitOid& blob, std::size_t bytes_max) const {
  Result<ObjectDatabase::Small> small = impl_->objects.read_if_small(blob, bytes_max);
  if (!small) return SmallBlob{TRY(impl_->judge(blob, small.error())), std::nullopt};
  const BlobHeader header = TRY(impl_->judge(blob, small->header));
  if (header.size > bytes_max) return SmallBlob{header, std::nullopt};
  return SmallBlob{header, std::move(small->data)};
}

Result<std::string> Repository::read_blob(const GitOid& blob, std::size_t bytes_max) const {
  GitObject object = TRY(impl_->objects.read(blob, bytes_max));
  if (object.type == GIT_OBJECT_BLOB) return std::move(object.data);
  return Error(Errc::corrupt, "git object " + blob.hex() + " is no blob");
}

Result<void> Repository::write_blob_to(const GitOid& blob, int fd) const {
  const GitObjectHeader header = TRY(impl_->objects.header(blob));
  if (header.size <= kBlobInMemoryMax) {
    return write_all(fd, TRY(read_blob(blob, kBlobInMemoryMax)));
  }
  // Streamed by git, too, and without mapping the whole pack.
  ChildProcess child = TRY(ChildProcess::start(
      impl_->git({"-c", "core.bigFileThreshold=4m", "-c", "core.packedGitWindowSize=1m", "-c",
                  "core.packedGitLimit=16m", "cat-file", "blob", blob.hex()})));
  std::vector<std::byte> buffer(1U << 18U);
  std::uint64_t total = 0;
  while (true) {
    const std::size_t got = TRY(read_full(child.stdout_fd(), buffer));
    TRY(write_all(fd, std::span(buffer).first(got)));
    total += got;
    if (got < buffer.size()) break;
  }
  const int code = child.wait();
  if (code == 0 && total == header.size) return {};
  return Error(Errc::corrupt, "git object " + blob.hex() + " could not be read");
}

void Repository::close_idle_packs() const { impl_->objects.close_if_idle(); }

// What git itself runs for the missing objects of a partial clone, for all of them at once.
Result<void> Repository::Impl::fetch(const std::string& remote, const std::vector<GitOid>& oids) {
  std::string input;
  for (const GitOid& oid : oids) input += oid.hex() + '\n';
  TRACE(TraceArea::git, "fetching " << oids.size() << " missing objects from " << remote);
  const Command command =
      git({"-c", "fetch.negotiationAlgorithm=noop", "-c", "http.lowSpeedLimit=100", "-c",
           "http.lowSpeedTime=60", "fetch", remote, "--no-tags", "--no-write-fetch-head",
           "--recurse-submodules=no", "--no-auto-maintenance", "--filter=blob:none", "--stdin"});
  RunOptions options;
  options.input = input;
  options.timeout = kFetchTimeout;
  const CommandOutput output = TRY(run_command(command, options));
  objects.objects_changed();
  if (output.exit_code == 0) return {};
  const Error failure = git_failure("fetch missing objects from " + remote, output);
  return Error(Errc::transient, failure.message());
}

Result<void> Repository::fetch_missing(const std::vector<GitOid>& blobs) const {
  if (TRY(impl_->objects.missing(blobs)).empty()) return {};
  if (!impl_->is_promisor()) {
    return Error(Errc::corrupt,
                 "objects are missing from " + impl_->git_folder + ", and no remote promises them");
  }
  const std::scoped_lock turn(impl_->fetching);
  std::optional<Error> failure;
  for (const std::string& remote : impl_->promisors) {
    std::vector<GitOid> wanted = TRY(impl_->objects.missing(blobs));
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    for (std::size_t from = 0; from < wanted.size(); from += kFetchOidsMax) {
      const auto begin = wanted.begin() + static_cast<std::ptrdiff_t>(from);
      const auto count = std::min(kFetchOidsMax, wanted.size() - from);
      const std::vector<GitOid> part(begin, begin + static_cast<std::ptrdiff_t>(count));
      const Result<void> fetched = impl_->fetch(remote, part);
      if (fetched) continue;
      failure = fetched.error();
      break;
    }
  }
  if (TRY(impl_->objects.missing(blobs)).empty()) return {};
  return failure.value_or(
      Error(Errc::not_found, "the remote does not have the objects it promised"));
}

}  // namespace lazylfs::lfs
