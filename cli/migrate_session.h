// What migrate info, import and export share: their options, the commits that they are about, and
// what they say while they work.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/workspace.h"
#include "lfs/migrate/history_rewriter.h"
#include "lfs/migrate/path_selection.h"
#include "lfs/migrate/revisions.h"

namespace lazylfs::cli {

// Lines on stderr: what is done, redrawn where somebody watches. Thread-compatible.
class TaskLog {
 public:
  TaskLog(Context& context, const lfs::Config& config);
  bool is_watched() const { return watched_; }

  void begin(std::string_view task);  // "Updating refs: ..."
  void done(std::string_view task);   // "Updating refs: ..., done."
  // "Rewriting commits:  50% (1/2)"
  void count(std::string_view task, std::size_t done, std::size_t total);
  void counted(std::string_view task, std::size_t total);  // "...: 100% (2/2), done."
  void row(const std::string& text);

 private:
  void draw(const std::string& text);
  std::ostream& err_;
  bool watched_;
  std::size_t drawn_ = 0;  // characters that have to be overwritten
  std::chrono::steady_clock::time_point last_{};
};

// Errors are upstream's words, for people.
class MigrateSession {
 public:
  MigrateSession(Context& context, Workspace& workspace, const Arguments& arguments);

  Context& context() { return context_; }
  Workspace& workspace() { return workspace_; }
  const lfs::Repository& repository() const { return workspace_.repository(); }
  TaskLog& log() { return log_; }
  const lfs::PathSelection& selection() const { return selection_; }
  bool selects() const { return arguments_.has("include") || arguments_.has("exclude"); }

  // Asks before uncommitted changes are lost. Errc::cancelled when they must not be.
  Result<void> ensure_clean();
  // By branches, --include-ref, --exclude-ref and --everything.
  Result<lfs::RevisionRange> range();
  // Parents first.
  Result<std::vector<lfs::GitOid>> commits(const lfs::RevisionRange& range);
  // Rewrites, moves all refs at once, and checks out.
  Result<void> rewrite(lfs::Migration& migration, const lfs::RevisionRange& range);
  Result<void> check_out();

 private:
  Result<void> add_named(lfs::RevisionRange& range);
  Result<void> exclude_remotes(lfs::RevisionRange& range);
  Result<void> update_refs(const lfs::CommitMap& commits, lfs::PackWriter& pack);

  Context& context_;
  Workspace& workspace_;
  const Arguments& arguments_;
  TaskLog log_;
  lfs::PathSelection selection_;
};

// All values of an option that may be repeated or hold several, separated by commas.
std::vector<std::string> listed_values(const Arguments& arguments, std::string_view option);

}  // namespace lazylfs::cli
