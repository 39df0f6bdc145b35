// dedup: lets the files of the work tree share their bytes on disk with their objects.
#include <sys/stat.h>

#include "cli/command_functions.h"
#include "cli/workspace.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/filter/extension.h"
#include "lfs/git/index_stamps.h"
#include "lfs/scan/pointer_scan.h"
#include "lfs/upkeep/dedup.h"

namespace lazylfs::cli {
namespace {

ExitCode refuse(Context& context, const std::string& why) {
  context.err << why << '\n';
  return ExitCode::fatal;
}

constexpr const char* kExtensions =
    "This platform supports file de-duplication, however, Git LFS extensions are configured and "
    "therefore de-duplication can not be used.";

// What a file has become is written to the index, so that Git need not read it again.
class Deduplication {
 public:
  Deduplication(Context& context, const Workspace& workspace, bool links)
      : context_(context), workspace_(workspace), links_(links) {}

  void add(const lfs::PointerFile& file) {
    const std::string subject = file.path + " (Size: " + std::to_string(file.pointer.size) + ")";
    const Result<void> shared = share(file);
    if (!shared) {
      context_.err << "Skipped: " << subject << "\n          " << shared.error().message() << '\n';
      return;
    }
    context_.out << "Success: " << subject << '\n';
    ++count_;
    bytes_ += file.pointer.size;
  }

  Result<void> finish() {
    TRY(lfs::set_index_stamps(workspace_.repository(), written_));
    context_.out << "\n\nFinished successfully.\n  De-duplicated  size: " << bytes_
                 << (bytes_ == 1 ? " byte" : " bytes") << "\n                count: " << count_
                 << '\n';
    return {};
  }

 private:
  Result<void> share(const lfs::PointerFile& file) {
    const std::string object = workspace_.store().object_path(file.pointer.oid);
    const std::string path = workspace_.repository().work_tree() + '/' + file.path;
    struct stat status {};
    if (file.pointer.size == 0) return {};
    if (::stat(object.c_str(), &status) != 0 ||
        static_cast<std::uint64_t>(status.st_size) != file.pointer.size) {
      return Error(Errc::not_found, "Git LFS object file does not exist");
    }
    struct stat before {};
    if (::lstat(path.c_str(), &before) != 0) return Error::from_errno("stat " + path, errno);
    if (links_) {
      TRY(lfs::share_by_link(object, path, file.pointer.oid));
    } else {
      TRY(lfs::share_blocks(object, path, file.pointer.size));
    }
    if (::lstat(path.c_str(), &status) != 0 || status.st_ctim.tv_nsec == before.st_ctim.tv_nsec) {
      return {};
    }
    written_.push_back({file.path, file.blob, status});
    return {};
  }

  Context& context_;
  const Workspace& workspace_;
  const bool links_;
  std::vector<lfs::WrittenFile> written_;
  std::uint64_t count_ = 0, bytes_ = 0;
};

Result<bool> is_dirty(const lfs::Repository& repository) {
  return !TRY(run_command_checked(repository.git({"status", "--porcelain"}))).empty();
}

}  // namespace

Result<ExitCode> run_dedup(Context& context, const Arguments& arguments) {
  auto opened = TRY(Workspace::open(context, Need::work_tree, true));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  const Workspace& workspace = *std::get<std::unique_ptr<Workspace>>(opened);
  const bool test = arguments.is_set("test");
  const bool links = arguments.is_set("hard-links");
  if (!links) {
    const Result<void> supported = lfs::check_block_sharing(workspace.store().temporary_folder());
    if (!supported) {
      return refuse(context, "This system does not support de-duplication" +
                                 (test ? ": " + supported.error().message() : std::string(".")));
    }
  }
  if (!lfs::all_extensions(workspace.config()).empty()) return refuse(context, kExtensions);
  if (test) {
    context.out << "OK: This platform and repository support file de-duplication.\n";
    return ExitCode::ok;
  }
  if (TRY(is_dirty(workspace.repository()))) {
    return refuse(context, "Working tree is dirty. Please commit or reset your change.");
  }
  const lfs::Commit head = TRY(workspace.repository().resolve_commit("HEAD"));
  Deduplication deduplication(context, workspace, links);
  for (const lfs::PointerFile& file :
       TRY(lfs::pointers_in_tree(workspace.repository(), head.tree, lfs::PathFilter()))) {
    deduplication.add(file);
  }
  TRY(deduplication.finish());
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
