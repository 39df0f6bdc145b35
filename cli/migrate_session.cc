// The order of a migration is what makes it safe to kill: new objects go into the LFS store and a
// pack that nothing refers to; the pack is synced; then all refs move in one transaction; then git
// checks out. Before the transaction nothing has happened, after it the new history is complete.
#include "cli/migrate_session.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <set>

#include "lfs/api/endpoint.h"
#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/migrate/ref_update.h"

namespace lazylfs::cli {
namespace {

constexpr auto kRedrawAfter = std::chrono::milliseconds(200);
constexpr auto kGitTimeout = std::chrono::hours(24);

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

lfs::PathSelection selection_of(const lfs::Config& config, const Arguments& arguments) {
  const std::string include = joined(arguments.values("include"));
  const std::string exclude = joined(arguments.values("exclude"));
  const lfs::PathFilter filter = lfs::PathFilter::from(config, &include, &exclude, false);
  return {filter.include(), filter.exclude()};
}

// "<old>,<new>" for each commit; the file must not exist.
Result<Fd> open_object_map(const std::string& path) {
  if (path.empty()) return Fd();
  Result<Fd> file = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (file) return file;
  const bool exists = file.error().sys_errno() == EEXIST;
  return Error(file.error().code(),
               "could not create object map file: " +
                   (exists ? "open " + path + ": file exists" : file.error().message()));
}

}  // namespace

std::vector<std::string> listed_values(const Arguments& arguments, std::string_view option) {
  std::vector<std::string> values;
  for (const std::string& value : arguments.values(option)) {
    for (const std::string_view part : split(value, ',')) values.emplace_back(part);
  }
  return values;
}

TaskLog::TaskLog(Context& context, const lfs::Config& config)
    : err_(context.err),
      watched_(context.show_progress || is_true(env_or_empty("GIT_LFS_FORCE_PROGRESS")) ||
               config.get_bool("lfs.forceprogress", false)) {}

void TaskLog::draw(const std::string& text) {
  err_ << '\r' << text << std::string(drawn_ > text.size() ? drawn_ - text.size() : 0, ' ');
  err_.flush();
  drawn_ = text.size();
}

void TaskLog::row(const std::string& text) {
  if (drawn_ > 0) {
    draw(text);
  } else {
    err_ << text;
  }
  err_ << '\n';
  drawn_ = 0;
}

void TaskLog::begin(std::string_view task) {
  if (watched_) draw(std::string(task) + ": ...");
}

void TaskLog::done(std::string_view task) { row(std::string(task) + ": ..., done."); }

void TaskLog::count(std::string_view task, std::size_t done, std::size_t total) {
  if (!watched_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < kRedrawAfter) return;
  last_ = now;
  const std::size_t percent = total == 0 ? 100 : 100 * done / total;
  std::string shown = std::to_string(percent);
  shown.insert(0, 3 - std::min<std::size_t>(shown.size(), 3), ' ');
  draw(std::string(task) + ": " + shown + "% (" + std::to_string(done) + '/' +
       std::to_string(total) + ')');
}

void TaskLog::counted(std::string_view task, std::size_t total) {
  const std::string count = std::to_string(total);
  row(std::string(task) + ": 100% (" + count + '/' + count + "), done.");
}

MigrateSession::MigrateSession(Context& context, Workspace& workspace, const Arguments& arguments)
    : context_(context),
      workspace_(workspace),
      arguments_(arguments),
      log_(context, workspace.config()),
      selection_(selection_of(workspace.config(), arguments)) {}

Result<void> MigrateSession::ensure_clean() {
  if (repository().is_bare()) return {};
  RunOptions options;
  options.timeout = kGitTimeout;
  const std::string changes =
      TRY(run_command_checked(repository().git({"status", "--porcelain"}), options));
  if (changes.empty()) return {};
  bool proceed = arguments_.is_set("yes");
  while (!proceed) {
    context_.err << "override changes in your working copy?  All uncommitted changes will be lost! "
                    "[y/N] "
                 << std::flush;
    std::string answer;
    const bool ended = !std::getline(std::cin, answer);
    const std::string word = to_lower(trim(answer));
    proceed = word == "y";
    if (!proceed && (ended || word == "n" || word.empty())) {
      return Error(Errc::cancelled, "working copy must not be dirty");
    }
  }
  context_.err << "changes in your working copy will be overridden ...\n";
  return {};
}

// The branches that were named, and what --include-ref and --exclude-ref say.
Result<void> MigrateSession::add_named(lfs::RevisionRange& range) {
  for (const std::string& word : arguments_.positional) {
    const bool excluded = word.starts_with('^');
    const std::string name = word.substr(excluded ? 1 : 0);
    const auto commit = repository().resolve_commit(name);
    if (!commit) {
      return Error(Errc::not_found, "Git can't resolve ref: " + go_quoted(word));
    }
    std::string ref = repository().full_ref_name(name);
    if (ref.empty()) ref = commit->oid.hex();
    (excluded ? range.exclude : range.include).push_back(std::move(ref));
  }
  for (std::string& ref : listed_values(arguments_, "include-ref")) range.include.push_back(ref);
  for (std::string& ref : listed_values(arguments_, "exclude-ref")) range.exclude.push_back(ref);
  return {};
}

// What remotes have is left alone: others have it, too.
Result<void> MigrateSession::exclude_remotes(lfs::RevisionRange& range) {
  if (repository().is_bare()) return {};
  constexpr std::string_view kTask = "Fetching remote refs";
  std::vector<std::string> remotes = lfs::remote_names(workspace_.config());
  const bool fetch = !arguments_.is_set("skip-fetch");
  if (fetch) {
    log_.begin(kTask);
    TRY(lfs::fetch_remotes(repository(), remotes));
    log_.done(kTask);
    for (const std::string& remote : remotes) {
      for (std::string& commit : TRY(lfs::commits_on_remote(repository(), remote))) {
        range.exclude.push_back(std::move(commit));
      }
    }
    return {};
  }
  for (const lfs::StoredRef& ref : TRY(lfs::stored_refs(repository()))) {
    const auto is_of = [&](const std::string& remote) {
      return ref.name.starts_with("refs/remotes/" + remote + '/');
    };
    if (std::ranges::any_of(remotes, is_of)) range.exclude.push_back(ref.name);
  }
  return {};
}

Result<lfs::RevisionRange> MigrateSession::range() {
  const bool by_ref = arguments_.has("include-ref") || arguments_.has("exclude-ref");
  const bool everything = arguments_.is_set("everything");
  if (everything && !arguments_.positional.empty()) {
    return Error(Errc::invalid, "Cannot use --everything with explicit reference arguments");
  }
  if (everything && by_ref) {
    return Error(Errc::invalid, "Cannot use --everything with --include-ref or --exclude-ref");
  }
  lfs::RevisionRange range;
  if (everything) {
    for (const lfs::StoredRef& ref : TRY(lfs::stored_refs(repository()))) {
      const bool has_commits = ref.type == "commit" || ref.type == "tag";
      if (has_commits && lfs::is_part_of_everything(ref)) range.include.push_back(ref.name);
    }
    return range;
  }
  TRY(add_named(range));
  if (!by_ref && range.include.empty()) {
    const auto head = repository().resolve_commit("HEAD");
    if (!head) return Error(Errc::not_found, "Git can't resolve ref: \"HEAD\"");
    const std::string branch = repository().current_branch();
    range.include.push_back(branch.empty() ? "HEAD" : branch);
  }
  if (!by_ref) TRY(exclude_remotes(range));
  return range;
}

Result<std::vector<lfs::GitOid>> MigrateSession::commits(const lfs::RevisionRange& range) {
  constexpr std::string_view kTask = "Sorting commits";
  log_.begin(kTask);
  std::vector<lfs::GitOid> commits = TRY(lfs::list_commits(repository(), range));
  TRY(lfs::fetch_missing_of(repository(), range));
  log_.done(kTask);
  return commits;
}

Result<void> MigrateSession::update_refs(const lfs::CommitMap& commits, lfs::PackWriter& pack) {
  constexpr std::string_view kTask = "Updating refs";
  log_.begin(kTask);
  const std::vector<lfs::StoredRef> refs = TRY(lfs::stored_refs(repository()));
  const std::vector<lfs::RefMove> moves =
      TRY(lfs::plan_ref_moves(repository(), refs, commits, pack));
  TRY(pack.finish());
  TRY(lfs::move_refs(repository(), moves, {}));
  std::size_t widest = 0;
  for (const lfs::RefMove& move : moves) {
    widest = std::max(widest, lfs::shown_ref_name(move.name).size());
  }
  for (const lfs::RefMove& move : moves) {
    if (!log_.is_watched()) break;
    std::string name = lfs::shown_ref_name(move.name);
    name.append(widest - name.size(), ' ');
    log_.row("  " + name + '\t' + move.before.hex() + " -> " + move.after.hex());
  }
  log_.done(kTask);
  return {};
}

Result<void> MigrateSession::rewrite(lfs::Migration& migration, const lfs::RevisionRange& range) {
  constexpr std::string_view kTask = "Rewriting commits";
  const Fd map = TRY(open_object_map(arguments_.value_or("object-map", "")));
  const std::vector<lfs::GitOid> commits = TRY(this->commits(range));
  lfs::RewriteEvents events;
  events.progressed = [&](std::size_t done, std::size_t total) { log_.count(kTask, done, total); };
  if (arguments_.is_set("verbose")) {
    events.converted = [&](const lfs::GitOid& commit, const std::string& path) {
      log_.row("  commit " + commit.hex() + ": " + path);
    };
  }
  std::string pending;
  events.rewritten = [&](const lfs::GitOid& before, const lfs::GitOid& after) -> Result<void> {
    if (map) pending += before.hex() + ',' + after.hex() + '\n';
    return {};
  };
  const auto pack = TRY(lfs::PackWriter::create(repository()));
  lfs::HistoryRewriter rewriter(repository(), migration, std::move(events));
  const lfs::CommitMap map_of_commits = TRY(rewriter.rewrite(commits, *pack));
  log_.counted(kTask, commits.size());
  if (map) TRY(write_all(map.get(), pending));
  TRY(update_refs(map_of_commits, *pack));
  return check_out();
}

Result<void> MigrateSession::check_out() {
  if (repository().is_bare()) return {};
  constexpr std::string_view kTask = "Checkout";
  log_.begin(kTask);
  RunOptions options;
  options.timeout = kGitTimeout;
  const CommandOutput output =
      TRY(run_command(repository().git({"checkout", "--quiet", "--force"}), options));
  if (output.exit_code != 0) {
    return Error(Errc::io,
                 "the history was migrated, but not checked out: " + std::string(trim(output.err)) +
                     "\nRun git checkout -f to get the files.");
  }
  log_.done(kTask);
  return {};
}

}  // namespace lazylfs::cli
