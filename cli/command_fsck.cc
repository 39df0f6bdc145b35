// fsck: whether what the repository says of LFS files is true of its pointers and objects.
#include <cstdio>
#include <string>
#include <vector>

#include "cli/command_functions.h"
#include "cli/workspace.h"
#include "lfs/base/files.h"
#include "lfs/base/trace.h"
#include "lfs/git/history.h"
#include "lfs/install/hooks.h"
#include "lfs/scan/consistency.h"
#include "lfs/scan/history_scan.h"

namespace lazylfs::cli {
namespace {

// What is checked: one commit, or those that the second of two reaches and the first does not.
struct Scope {
  std::vector<lfs::Commit> commits;
  bool is_range = false;
  lfs::HistoryRange range;
  bool with_index = false;
};

// The error's message is the name that leads nowhere.
Result<lfs::Commit> resolve(const lfs::Repository& repository, const std::string& name) {
  auto commit = repository.resolve_commit(name);
  return commit ? std::move(commit) : Error(commit.error().code(), name);
}

Result<Scope> find_scope(const lfs::Repository& repository, const Arguments& arguments) {
  Scope scope;
  // As upstream, more than one word means none.
  const bool is_named = arguments.positional.size() == 1;
  const std::string name = is_named ? arguments.positional[0] : "HEAD";
  const std::size_t dots = name.find("..");
  if (dots == std::string::npos) {
    const auto commit = resolve(repository, name);
    if (!commit && is_named) return commit.error();
    if (commit) scope.commits.push_back(*commit);  // else before the first commit
    scope.with_index = !is_named && !repository.is_bare();
    return scope;
  }
  const lfs::Commit from = TRY(resolve(repository, name.substr(0, dots)));
  const lfs::Commit to = TRY(resolve(repository, name.substr(dots + 2)));
  scope.is_range = true;
  scope.range = {{to.oid}, {from.oid}};
  const lfs::CommitWalk walk = TRY(lfs::walk_commits(
      repository, {.include = scope.range.include, .exclude = scope.range.exclude}));
  for (const lfs::CommitObject& commit : walk.commits) {
    scope.commits.push_back(commit.commit);
  }
  return scope;
}

Result<std::vector<lfs::PointerFile>> files_of(const lfs::Repository& repository,
                                               const Scope& scope, const lfs::PathFilter& filter) {
  std::vector<lfs::PointerFile> files;
  if (scope.is_range) {
    TRY(lfs::scan_history(repository, scope.range, true,
                          [&](lfs::PointerFile file) -> Result<void> {
                            if (filter.allows(file.path)) files.push_back(std::move(file));
                            return {};
                          }));
    return files;
  }
  for (const lfs::Commit& commit : scope.commits) {
    files = TRY(lfs::pointers_in_tree(repository, commit.tree, filter));
  }
  if (scope.with_index) {
    for (lfs::PointerFile& file : TRY(lfs::pointers_in_index(repository, filter))) {
      files.push_back(std::move(file));
    }
  }
  return files;
}

Result<bool> check_pointers(Context& context, const lfs::Repository& repository,
                            const Scope& scope) {
  bool good = true;
  for (const lfs::Commit& commit : scope.commits) {
    TRY(lfs::check_pointers(repository, commit.tree, [&](const lfs::PointerProblem& problem) {
      good = false;
      if (problem.kind == lfs::PointerProblem::Kind::not_canonical) {
        context.out << "pointer: nonCanonicalPointer: Pointer for " << problem.oid.hex()
                    << " (blob " << problem.blob.hex() << ") was not canonical\n";
      } else {
        context.out << "pointer: unexpectedGitObject: \"" << problem.path << "\" (treeish "
                    << commit.oid.hex() << ") should have been a pointer but was not\n";
      }
    }));
  }
  return good;
}

std::vector<lfs::ObjectProblem> check_objects(Context& context, const Workspace& workspace,
                                              const std::vector<lfs::PointerFile>& files) {
  std::vector<lfs::ObjectProblem> problems = lfs::check_objects(workspace.store(), files);
  for (const lfs::ObjectProblem& problem : problems) {
    const std::string subject = problem.file.path + " (" + problem.file.pointer.oid.hex() + ")";
    if (problem.corrupt) {
      context.out << "objects: corruptObject: " << subject << " is corrupt\n";
    } else {
      context.out << "objects: openError: " << subject
                  << " could not be checked: " << problem.reason << '\n';
    }
  }
  return problems;
}

// Moved away, not removed: somebody may want to look at what became of an object.
Result<void> set_aside(Context& context, const Workspace& workspace,
                       const std::vector<lfs::ObjectProblem>& problems) {
  const lfs::ObjectStore& store = workspace.store();
  const std::string folder = store.folder() + "/bad";
  context.out << "objects: repair: moving corrupt objects to " << folder << '\n';
  TRY(make_folders(folder));
  for (const lfs::ObjectProblem& problem : problems) {
    // What lies in an alternate's store is not ours to move.
    if (!problem.corrupt || problem.stored != store.object_path(problem.file.pointer.oid)) continue;
    const std::string to = folder + '/' + problem.file.pointer.oid.hex();
    if (std::rename(problem.stored.c_str(), to.c_str()) != 0) {
      return Error::from_errno("move " + problem.stored + " to " + to, errno);
    }
  }
  return {};
}

}  // namespace

Result<ExitCode> run_fsck(Context& context, const Arguments& arguments) {
  auto opened = TRY(Workspace::open(context, Need::repository, true));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  const Workspace& workspace = *std::get<std::unique_ptr<Workspace>>(opened);
  const lfs::Repository& repository = workspace.repository();
  lfs::ensure_hooks(repository);

  const Result<Scope> scope = find_scope(repository, arguments);
  if (!scope) {
    context.err << "Git can't resolve ref: \"" << scope.error().message() << "\"\n";
    return ExitCode::fatal;
  }
  const bool all = arguments.is_set("objects") == arguments.is_set("pointers");
  std::vector<lfs::ObjectProblem> problems;
  bool good = true;
  if (all || arguments.is_set("objects")) {
    const std::string nothing;
    const lfs::PathFilter filter = lfs::PathFilter::from(workspace.config(), &nothing, nullptr,
                                                         true);  // lfs.fetchexclude alone
    const std::vector<lfs::PointerFile> files = TRY(files_of(repository, *scope, filter));
    problems = check_objects(context, workspace, files);
    good = problems.empty();
  }
  if (all || arguments.is_set("pointers")) {
    const bool pointers_are_good = TRY(check_pointers(context, repository, *scope));
    good = good && pointers_are_good;
  }
  if (!problems.empty() && !arguments.is_set("dry-run")) {
    TRY(set_aside(context, workspace, problems));
  }
  if (!good) return ExitCode::problem;
  context.out << "Git LFS fsck OK\n";
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
