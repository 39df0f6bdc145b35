// What the filter commands share: the store, the rules, and a way to download that costs nothing
// until it is used.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/command.h"
#include "cli/workspace.h"
#include "lfs/filter/extension.h"
#include "lfs/filter/queue_downloads.h"
#include "lfs/filter/smudge.h"
#include "lfs/git/index.h"
#include "lfs/git/quick_repository.h"
#include "lfs/store/object_store.h"

namespace lazylfs::cli {

// Thread-compatible. The whole Workspace is opened only where the quick look at the repository does
// not suffice, and for downloads.
class FilterSession {
 public:
  // The ExitCode alternative means: said why, exit so.
  static Result<std::variant<ExitCode, std::unique_ptr<FilterSession>>> open(Context& context);
  FilterSession(const FilterSession&) = delete;
  FilterSession& operator=(const FilterSession&) = delete;

  const lfs::Config& config() const;
  const lfs::ObjectStore& store() const { return *store_; }
  // GIT_LFS_SKIP_SMUDGE counts as `skip`.
  lfs::SmudgeRules rules(bool skip) const;
  bool skip_download_errors() const;
  lfs::Downloads& downloads(lfs::TransferObserver* observer);
  // The object that the index has for `path`, a path below the top of the work tree.
  std::optional<ObjectId> formerly(const std::string& path);
  // Says on stderr that a download failed, and writes a log about it.
  void report_failure(const Error& error);

 private:
  explicit FilterSession(Context& context) : context_(context) {}
  // Errors end the program: a repository that was there a moment ago is gone.
  Workspace& workspace();
  std::string remote_for(std::string_view treeish);
  std::vector<std::string> other_remotes();

  Context& context_;
  std::optional<lfs::QuickRepository> quick_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<lfs::ObjectStore> quick_store_;
  const lfs::ObjectStore* store_ = nullptr;
  std::unique_ptr<lfs::QueueDownloads> downloads_;
  std::optional<lfs::Index> index_;
};

// True, after saying that `command` needs a stream there, when stdin is a terminal or /dev/null.
bool stdin_is_no_stream(Context& context, std::string_view command);

}  // namespace lazylfs::cli
