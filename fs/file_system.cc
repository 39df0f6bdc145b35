#include "fs/file_system.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fs/fuse_ops.h"

namespace lazylfs::fs {
namespace {

constexpr double kSoon = 1;  // seconds, for names that move without notice
constexpr std::uint64_t kStatBlock = 512;
constexpr std::string_view kPrefix = "user.lfs.";

// A checkout's, with the usual umask; that the mount is read-only is said by the mount.
mode_t mode_of(lfs::EntryKind kind) {
  switch (kind) {
    case lfs::EntryKind::file:
      return S_IFREG | 0644;
    case lfs::EntryKind::executable:
      return S_IFREG | 0755;
    case lfs::EntryKind::symlink:
      return S_IFLNK | 0777;
    case lfs::EntryKind::folder:
    case lfs::EntryKind::submodule:
      break;
  }
  return S_IFDIR | 0755;
}

}  // namespace

FileSystem::FileSystem(const FileSystemParts& parts, FileSystemOptions chosen,
                       Passthrough& connection)
    : tree(parts.tree),
      cache(parts.cache),
      downloader(parts.downloader),
      metrics(parts.metrics),
      options(std::move(chosen)),
      passthrough(connection),
      desk(parts.metrics),
      control(options.control),
      files(parts.tree, parts.cache, parts.source),
      plain(parts.repository, options.spool_folder),
      modes([this](int fd) { return passthrough.open_backing(fd); },
            [this](int id) { passthrough.close_backing(id); }),
      reads({.tree = tree,
             .files = files,
             .plain = plain,
             .downloader = downloader,
             .last_errors = last_errors,
             .metrics = metrics,
             .completions = completions,
             .blocking = blocking,
             .on_interrupt = on_interrupt}) {}

struct stat FileSystem::to_stat(const Attributes& attributes) const {
  struct stat result {};
  result.st_ino = attributes.ino.value;
  result.st_mode = mode_of(attributes.kind);
  result.st_nlink = S_ISDIR(result.st_mode) ? 2 : 1;
  result.st_uid = options.uid.value_or(::geteuid());
  result.st_gid = options.gid.value_or(::getegid());
  result.st_size = static_cast<off_t>(attributes.size);
  result.st_blocks = static_cast<blkcnt_t>((attributes.size + kStatBlock - 1) / kStatBlock);
  result.st_blksize = 4096;
  result.st_mtim.tv_sec = attributes.mtime;
  result.st_ctim = result.st_atim = result.st_mtim;
  return result;
}

struct stat FileSystem::control_stat(InodeNumber ino) {
  const bool folder = ino == kControlFolder;
  struct stat result = to_stat({.ino = ino,
                                .kind = folder ? lfs::EntryKind::folder : lfs::EntryKind::file,
                                .size = 0,
                                .mtime = 0});
  if (folder) {
    result.st_mode = S_IFDIR | 0555;
    return result;
  }
  const ControlFolder::Rendering rendering = control.render(ino);
  const auto since = rendering.time.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  result.st_mode = S_IFREG | 0444;
  result.st_size = static_cast<off_t>(rendering.text.size());
  result.st_mtim.tv_sec = seconds.count();
  result.st_mtim.tv_nsec =
      std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count();
  result.st_ctim = result.st_atim = result.st_mtim;
  return result;
}

double FileSystem::entry_timeout(InodeNumber folder) {
  return options.all_refs && tree.is_changing(folder) ? kSoon : kForEver;
}

void FileSystem::note_listing(InodeNumber folder) {
  if (options.all_refs && tree.is_changing(folder)) ref_listings_.lock()->insert(folder.value);
}

void FileSystem::drop_ref_listings() {
  const auto listings = std::exchange(*ref_listings_.lock(), {});
  Notifier* to = notifier;
  for (const std::uint64_t folder : listings) {
    if (to != nullptr) to->drop_pages({folder});
  }
}

Result<std::optional<std::string>> FileSystem::extended_attribute(InodeNumber ino,
                                                                  std::string_view name) {
  if (!name.starts_with(kPrefix) || ControlFolder::contains(ino)) return {std::nullopt};
  name.remove_prefix(kPrefix.size());
  if (name == "commit") return {tree.commit_of(ino).oid.hex()};

  const Attributes attributes = TRY(tree.attributes(ino));
  const bool file =
      attributes.kind == lfs::EntryKind::file || attributes.kind == lfs::EntryKind::executable;
  if (!file) return {std::nullopt};
  const Content content = TRY(tree.content(ino));
  if (!content.is_lfs) return {std::nullopt};
  if (name == "oid") return {content.object.oid.hex()};
  if (name == "size") return {std::to_string(content.object.size)};
  if (name == "state" || name == "cached_bytes") {
    const cache::ObjectStatus status = TRY(cache.status(content.object.oid));
    auto state = status.state;
    std::uint64_t bytes = status.cached_bytes;
    // An object in the repository's own store is here, though the cache has nothing of it.
    if (state == cache::ObjectState::remote) {
      const auto opened = TRY(files.acquire(ino));
      state = opened->object()->state();
      bytes = opened->object()->cached_bytes();
    }
    return {name == "state" ? std::string(cache::object_state_name(state)) : std::to_string(bytes)};
  }
  if (name == "last_error") {
    const std::optional<Json> story = last_errors.find(content.object.oid);
    if (story) return {dump_json(*story)};
  }
  return {std::nullopt};
}

Result<std::string> FileSystem::extended_attribute_names(InodeNumber ino) {
  constexpr std::array<std::string_view, 6> kNames = {"oid",          "size",   "state",
                                                      "cached_bytes", "commit", "last_error"};
  std::string names;
  for (const std::string_view name : kNames) {
    const std::string full = std::string(kPrefix) + std::string(name);
    if (TRY(extended_attribute(ino, full))) names += full + '\0';
  }
  return names;
}

bool FileSystem::answers_open() {
  auto answer = answers_open_.lock();
  if (!answer->has_value()) *answer = decide_open_requests();
  return **answer;
}

bool FileSystem::decide_open_requests() {
  if (!options.open_requests || !passthrough.supported()) return false;
  // The offer of the kernel says nothing about our privileges; only doing it does.
  const Result<Fd> own = open_file("/proc/self/exe", O_RDONLY);
  return own.has_value() && passthrough.probe(own->get());
}

}  // namespace lazylfs::fs
