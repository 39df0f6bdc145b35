// migrate import and export: histories to and from LFS.
#include <algorithm>
#include <chrono>
#include <string>

#include "cli/command_functions.h"
#include "cli/migrate_session.h"
#include "cli/object_fetch.h"
#include "lfs/attributes/known_patterns.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/install/hooks.h"
#include "lfs/migrate/byte_units.h"
#include "lfs/migrate/export_plan.h"
#include "lfs/migrate/import_plan.h"
#include "lfs/migrate/ref_update.h"
#include "lfs/migrate/single_commit.h"

namespace lazylfs::cli {
namespace {

constexpr auto kPruneTimeout = std::chrono::hours(24);
constexpr std::size_t kPruneOutputBytesMax = 1U << 30U;

std::string complaint_of_import(const Arguments& arguments, bool selects) {
  const bool no_rewrite = arguments.is_set("no-rewrite");
  const bool fixup = arguments.is_set("fixup");
  if (no_rewrite && fixup) return "--no-rewrite and --fixup cannot be combined";
  if (no_rewrite && arguments.positional.empty()) {
    return "Expected one or more files with --no-rewrite";
  }
  if (no_rewrite) return {};
  if (arguments.has("above") && (selects || fixup)) {
    return "Cannot use --above with --include, --exclude, --fixup";
  }
  if (fixup && selects) return "Cannot use --fixup with --include, --exclude";
  return {};
}

Result<std::string> identity(const lfs::Repository& repository, const char* which) {
  return std::string(trim(TRY(run_command_checked(repository.git({"var", which})))));
}

// The files must be ones that the attributes give to LFS.
Result<void> check_files(const lfs::Repository& repository, const std::vector<std::string>& files) {
  if (!repository.is_bare()) {
    const auto patterns = TRY(lfs::known_patterns(repository, lfs::AttributeScope::repository));
    if (std::ranges::none_of(patterns, &lfs::KnownPattern::tracked)) {
      return Error(Errc::invalid, "No Git LFS filters found in '.gitattributes'");
    }
  }
  for (const std::string& file : files) {
    if (repository.attribute(file, "filter") == "lfs") continue;
    return Error(Errc::invalid,
                 "File " + file + " did not match any Git LFS filters in '.gitattributes'");
  }
  return {};
}

Result<void> import_without_rewrite(MigrateSession& session, const Arguments& arguments) {
  const lfs::Repository& repository = session.repository();
  TRY(check_files(repository, arguments.positional));
  const lfs::Commit parent = TRY(repository.resolve_commit("HEAD"));
  std::string files;
  for (const std::string& file : arguments.positional) files += (files.empty() ? "" : ",") + file;
  lfs::SingleCommit commit;
  commit.files = arguments.positional;
  commit.message = arguments.value_or("message", files + ": convert to Git LFS");
  commit.author = TRY(identity(repository, "GIT_AUTHOR_IDENT"));
  commit.committer = TRY(identity(repository, "GIT_COMMITTER_IDENT"));
  const auto extensions = TRY(lfs::sorted_extensions(session.workspace().config()));
  const auto pack = TRY(lfs::PackWriter::create(repository));
  const lfs::GitOid made = TRY(lfs::commit_as_pointers(repository, session.workspace().store(),
                                                       extensions, parent, commit, *pack));
  TRY(pack->finish());
  TRY(lfs::move_refs(repository, {{"HEAD", parent.oid, made}},
                     "git lfs migrate import --no-rewrite"));
  return session.check_out();
}

Result<void> import_history(MigrateSession& session, const Arguments& arguments) {
  TRY(session.ensure_clean());
  lfs::ensure_hooks(session.repository());
  const std::string complaint = complaint_of_import(arguments, session.selects());
  if (!complaint.empty()) return Error(Errc::invalid, complaint);
  if (arguments.is_set("no-rewrite")) return import_without_rewrite(session, arguments);
  lfs::ImportOptions options;
  options.selection = session.selection();
  options.fixup = arguments.is_set("fixup");
  if (arguments.has("above")) {
    options.above = TRY_CONTEXT("Cannot parse --above=<n>",
                                lfs::parse_byte_size(arguments.value_or("above", "")));
  }
  const lfs::RevisionRange range = TRY(session.range());
  auto extensions = TRY(lfs::sorted_extensions(session.workspace().config()));
  lfs::ImportPlan plan(session.repository(), session.workspace().store(), std::move(extensions),
                       std::move(options));
  TRY(session.rewrite(plan, range));
  session.workspace().store().remove_stale_temporaries();
  return {};
}

bool has_server(const lfs::Config& config, const std::string& remote) {
  return config.get("lfs.url") || config.get("remote." + remote + ".url") ||
         config.get("remote." + remote + ".lfsurl") || remote_complaint(config, remote).empty();
}

// The objects of all pointers that will be exported and are not here.
Result<void> fetch_objects(MigrateSession& session, const lfs::RevisionRange& range,
                           const std::string& remote) {
  ObjectFetch fetch(session.context(), session.workspace(), {.remote = remote},
                    [](const lfs::TransferOutcome&) {});
  lfs::ExportPlan scan(
      session.repository(), session.workspace().store(), session.selection(),
      [&](const std::string& path, const lfs::GitOid& blob, const lfs::Pointer& pointer) {
        if (!session.workspace().store().find(pointer.id())) {
          fetch.add({.path = path, .blob = blob, .pointer = pointer});
        }
      });
  const auto commits = TRY(lfs::list_commits(session.repository(), range));
  TRY(lfs::HistoryRewriter(session.repository(), scan, {}).examine(commits));
  std::string failures;
  for (const Error& error : fetch.finish()) {
    failures += (failures.empty() ? "" : "\n") + error.message();
  }
  return failures.empty() ? Result<void>() : Error(Errc::not_found, failures);
}

// The exported objects are Git's now: those that no other pointer needs go, as upstream does it.
// It runs as a program of its own, since the repository looks different now.
Result<void> prune_after(MigrateSession& session) {
  Context& context = session.context();
  if (std::ranges::find(context.commands, "prune", &cli::Command::name) == context.commands.end()) {
    return {};
  }
  const lfs::Repository& repository = session.repository();
  lazylfs::Command command = repository.git({});
  command.argv = {own_executable(), "prune", "--verbose"};
  // What is not pushed yet is kept anyway; recent refs would keep all that was just exported.
  const std::string count = env_or_empty("GIT_CONFIG_COUNT");
  const std::uint64_t next = parse_uint(count).value_or(0);
  command.set_environment.push_back("GIT_CONFIG_COUNT=" + std::to_string(next + 1));
  command.set_environment.push_back("GIT_CONFIG_KEY_" + std::to_string(next) +
                                    "=lfs.fetchrecentrefsdays");
  command.set_environment.push_back("GIT_CONFIG_VALUE_" + std::to_string(next) + "=0");
  RunOptions options;
  options.timeout = kPruneTimeout;
  options.output_bytes_max = kPruneOutputBytesMax;
  const CommandOutput output = TRY(run_command(command, options));
  context.out << output.out;
  context.err << output.err;
  if (output.exit_code == 0) return {};
  return Error(Errc::io, "the history was exported, but not pruned: run git lfs prune");
}

Result<void> export_history(MigrateSession& session, const Arguments& arguments) {
  TRY(session.ensure_clean());
  if (session.selection().include().empty()) {
    return Error(Errc::invalid, "One or more files must be specified with --include");
  }
  const lfs::RevisionRange range = TRY(session.range());
  const lfs::Config& config = session.workspace().config();
  const std::string remote = arguments.value_or("remote", session.workspace().remote());
  const bool reachable = has_server(config, remote);
  if (!reachable && arguments.has("remote")) {
    return Error(Errc::invalid, "Invalid remote " + remote + " provided");
  }
  if (reachable) TRY(fetch_objects(session, range, remote));
  lfs::ExportPlan plan(session.repository(), session.workspace().store(), session.selection());
  TRY(session.rewrite(plan, range));
  return prune_after(session);
}

}  // namespace

// Opens the repository and a session for `work`, and prints what it fails with.
static Result<ExitCode> in_session(Context& context, const Arguments& arguments,
                                   Result<void> (*work)(MigrateSession&, const Arguments&)) {
  auto opened = TRY(Workspace::open(context, Need::repository, true));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Workspace& workspace = *std::get<std::unique_ptr<Workspace>>(opened);
  MigrateSession session(context, workspace, arguments);
  const Result<void> worked = work(session, arguments);
  if (worked) return ExitCode::ok;
  context.err << worked.error().message() << '\n';
  return ExitCode::fatal;
}

Result<ExitCode> run_migrate_import(Context& context, const Arguments& arguments) {
  return in_session(context, arguments, import_history);
}

Result<ExitCode> run_migrate_export(Context& context, const Arguments& arguments) {
  return in_session(context, arguments, export_history);
}

}  // namespace lazylfs::cli
