#include "lfs/queue/file_adapter.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/sha256.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"
#include "lfs/queue/partial_file.h"

namespace lazylfs::lfs {
namespace {

// A hard link shares fate with its owner's wishes; only one's own files are shared so.
bool is_ours(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && status.st_uid == ::geteuid();
}

}  // namespace

Result<ObjectStore> store_at(const std::string& file_url) {
  const auto url = Url::parse(file_url);
  const std::string path = url ? percent_decode(url->path) : "";
  if (path.empty()) return Error(Errc::invalid, "no valid file:// URLs found");
  Command command;
  command.argv = {"git", "-C", path, "rev-parse", "--absolute-git-dir"};
  command.unset_environment = {
      "GIT_DIR",        "GIT_WORK_TREE",        "GIT_COMMON_DIR",
      "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
      "GIT_PREFIX",     "GIT_CONFIG*",          "GIT_NAMESPACE"};
  const std::string folder =
      TRY_CONTEXT("unable to find git dir at " + path, run_command_checked(command));
  const Repository repository = TRY(Repository::discover(std::string(trim(folder))));
  return ObjectStore::of(repository);
}

Result<void> copy_object(const ObjectStore& from, const ObjectStore& to, const ObjectId& id,
                         bool verify) {
  const std::optional<std::string> found = from.find(id);
  if (!found) return Error(Errc::not_found, "remote missing object " + id.oid.hex());
  if (verify) TRY(check_content(*found, id));
  return to.take_in(*found, id, is_ours(*found));
}

Attempt FileAdapter::move(const TransferTask& task, std::size_t /*worker*/) {
  if (stopped_) return Attempt::failed(Error(Errc::cancelled, "stopped"));
  if (!remote_) return Attempt::failed(remote_.error());
  const bool upload = operation_ == Operation::upload;
  const Result<void> copied =
      upload ? remote_->take_in(task.local_path, task.id, is_ours(task.local_path))
             : copy_object(*remote_, store_, task.id, true);
  if (!copied) return Attempt::failed(copied.error());
  if (task.progress) task.progress(static_cast<std::int64_t>(task.id.size));
  return Attempt::done();
}

}  // namespace lazylfs::lfs
