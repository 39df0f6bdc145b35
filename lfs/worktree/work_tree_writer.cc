// The index is read once, to know which files were deleted on purpose; afterwards it is told the
// stamps of what was written. Git would otherwise run the clean filter on each of those files,
// which hashes again what was just taken from the store. That is right only where git sees the file
// through our filter and the staged pointer is the one that was written; other files are left to
// git.
#include "lfs/worktree/work_tree_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <span>
#include <utility>

#include "lfs/base/files.h"
#include "lfs/base/guarded.h"
#include "lfs/base/sha256.h"
#include "lfs/git/index_stamps.h"
#include "lfs/worktree/file_writer.h"

namespace lazylfs::lfs {
namespace {

constexpr unsigned kPlainMode = 0666;
constexpr unsigned kExecutableMode = 0777;
constexpr unsigned kModeBits = 0777;

}  // namespace

class WorkTreeWriter::Impl {
 public:
  Impl(const Repository& repository, const ObjectStore& store, Fd root, Index index)
      : repository_(repository), store_(store), root_(std::move(root)), index_(std::move(index)) {}

  struct Place {
    Fd folder;
    std::string name;
    bool wanted = false;
    bool exists = false;  // as the pointer
    bool stale = false;   // perhaps the content, which the index does not know yet
    unsigned mode = 0;
    struct stat status {};
  };

  Result<Place> look(const PointerFile& file) {
    Place place;
    const std::size_t slash = file.path.rfind('/');
    place.name = slash == std::string::npos ? file.path : file.path.substr(slash + 1);
    const std::string folder = slash == std::string::npos ? "" : file.path.substr(0, slash);
    const IndexEntry* entry = index_.find(file.path);
    if (entry != nullptr && entry->skip_worktree) return place;

    Result<Fd> opened = open_folder_below(root_.get(), folder, false);
    if (!opened && opened.error().code() == Errc::not_found) {
      place.wanted = entry != nullptr;  // else deleted on purpose
    } else if (!opened) {
      return opened.error().with_context("Checkout error trying to check path for \"" + file.path +
                                         '"');
    } else {
      place.folder = std::move(*opened);
      TRY(look_at_file(file, entry != nullptr, place));
    }
    place.mode = place.exists ? place.mode : file.executable ? kExecutableMode : kPlainMode;
    return place;
  }

  Result<CheckoutState> check_out(const PointerFile& file) {
    Place place = TRY(look(file));
    if (place.stale && holds_object(place, file)) {
      written_.lock()->push_back({file.path, file.blob, place.status});
    }
    if (!place.wanted) return CheckoutState::untouched;
    const std::optional<std::string> source = store_.find(file.pointer.id());
    if (!source && place.exists) return CheckoutState::object_absent;
    if (!place.folder) {
      const std::string folder = file.path.substr(0, file.path.rfind('/'));
      place.folder = TRY(open_folder_below(root_.get(), folder, true));
    }
    if (!source) {
      const std::string text = format_pointer(file.pointer);
      TRY(FileWriter::write_text(place.folder.get(), place.name, text, place.mode));
      return CheckoutState::object_absent;
    }
    const struct stat status =
        TRY(writer_.write(place.folder.get(), place.name, *source, place.mode, place.exists));
    const IndexEntry* entry = index_.find(file.path);
    if (entry != nullptr && entry->oid == file.blob) {
      written_.lock()->push_back({file.path, file.blob, status});
    }
    return CheckoutState::written;
  }

  Result<void> refresh_index() {
    std::vector<WrittenFile> files;
    files.swap(*written_.lock());
    return set_index_stamps(repository_, files);
  }

 private:
  // A checkout that was killed leaves whole files that the index still takes for pointers, and git
  // would call them modified from then on: their size alone convinces it.
  bool may_be_stale(const PointerFile& file, const struct stat& status) const {
    const IndexEntry* entry = index_.find(file.path);
    return entry != nullptr && entry->oid == file.blob && file.pointer.extensions.empty() &&
           status.st_size == static_cast<off_t>(file.pointer.size) && index_.has_stamps &&
           entry->stamp.size != static_cast<std::uint32_t>(status.st_size);
  }

  static bool holds_object(const Place& place, const PointerFile& file) {
    const Fd opened(::openat(place.folder.get(), place.name.c_str(),
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!opened) return false;
    const Result<ObjectId> found = hash_to_end(opened.get());
    if (!found) return false;
    struct stat after {};
    return ::fstat(opened.get(), &after) == 0 && after.st_ino == place.status.st_ino &&
           after.st_mtim.tv_sec == place.status.st_mtim.tv_sec &&
           after.st_mtim.tv_nsec == place.status.st_mtim.tv_nsec && found->oid == file.pointer.oid;
  }

  Result<void> look_at_file(const PointerFile& file, bool staged, Place& place) const {
    struct stat& status = place.status;
    if (::fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) return Error::from_errno("stat " + file.path, errno);
      place.wanted = staged;
      return {};
    }
    if (!S_ISREG(status.st_mode)) {
      return Error(Errc::invalid, "Checkout error: not a regular file: \"" + file.path + '"');
    }
    place.stale = staged && may_be_stale(file, status);
    if (status.st_size >= static_cast<off_t>(kPointerBytesMax)) return {};
    const Fd opened(::openat(place.folder.get(), place.name.c_str(),
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!opened) return Error::from_errno("open " + file.path, errno);
    const std::string text = TRY(read_to_end(opened.get(), kPointerBytesMax));
    const Result<Pointer> pointer = parse_pointer(text);
    const bool same = pointer && pointer->size != 0 && pointer->id() == file.pointer.id();
    place.wanted = same;
    place.exists = true;
    place.mode = status.st_mode & kModeBits;
    return {};
  }

  const Repository& repository_;
  const ObjectStore& store_;
  const Fd root_;
  const Index index_;
  FileWriter writer_;
  Guarded<std::vector<WrittenFile>> written_;
};

WorkTreeWriter::WorkTreeWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WorkTreeWriter::~WorkTreeWriter() = default;

Result<std::unique_ptr<WorkTreeWriter>> WorkTreeWriter::open(const Repository& repository,
                                                             const ObjectStore& store) {
  Fd root = TRY(open_file(repository.work_tree(), O_RDONLY | O_DIRECTORY));
  Index index = TRY(repository.read_index());
  return std::unique_ptr<WorkTreeWriter>(new WorkTreeWriter(
      std::make_unique<Impl>(repository, store, std::move(root), std::move(index))));
}

Result<CheckoutState> WorkTreeWriter::check_out(const PointerFile& file) {
  Result<CheckoutState> state = impl_->check_out(file);
  if (state || state.error().code() == Errc::invalid) return state;
  return state.error().with_context("could not check out \"" + file.path + '"');
}

Result<void> WorkTreeWriter::refresh_index() { return impl_->refresh_index(); }

Result<void> write_object_to(const std::string& source, const std::string& path) {
  TRY(make_folders(parent_path(path)));
  const Fd folder = TRY(open_file(parent_path(path), O_RDONLY | O_DIRECTORY));
  std::error_code failed;
  std::filesystem::remove(path, failed);  // a link, not its target; an empty folder, not a full one
  if (failed) return Error::from_errno("remove " + path, failed.value());
  FileWriter writer;
  TRY(writer.write(folder.get(), base_name(path), source, kPlainMode, false));
  return {};
}

}  // namespace lazylfs::lfs
