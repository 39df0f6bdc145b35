// post-checkout, post-commit and post-merge: lockable files are read-only unless we locked them.
#include <algorithm>

#include "cli/command_functions.h"
#include "lfs/base/trace.h"
#include "lfs/locks/lockable.h"
#include "lfs/store/object_store.h"

namespace lazylfs::cli {
namespace {

using Paths = Result<std::vector<std::string>>;

ExitCode not_by_hand(Context& context, std::string_view hook) {
  context.out << "This should be run through Git's " << hook
              << " hook.  Run `git lfs update` to install it.\n";
  return ExitCode::problem;
}

// Runs `changed` to learn which files to look at, unless there is nothing to do at all. What goes
// wrong is a warning: the hook comes after the fact.
ExitCode fix_write_bits(Context& context, std::string_view hook,
                        const std::function<Paths(const lfs::LockableFiles&)>& changed) {
  const auto repository = lfs::Repository::discover("");
  if (!repository || repository->is_bare() || !lfs::manages_write_bits(repository->config())) {
    return ExitCode::ok;
  }
  const lfs::LockableFiles lockable(*repository);
  const Result<void> fixed = [&]() -> Result<void> {
    if (!TRY(lockable.are_possible())) return {};
    const std::vector<std::string> paths = TRY(changed(lockable));
    const lfs::LockCache cache(lfs::ObjectStore::of(*repository).folder());
    return lockable.fix_write_bits(paths, cache);
  }();
  if (!fixed) {
    context.err << "Warning: " << hook << " locked file check failed: " << fixed.error().message()
                << '\n';
  }
  return ExitCode::ok;
}

bool is_revision(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

bool is_null_revision(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

Paths everything(const lfs::LockableFiles& lockable, std::string_view hook) {
  TRACE(TraceArea::general, hook << ": checking write flags for all files");
  return lockable.all();
}

}  // namespace

Result<ExitCode> run_post_checkout(Context& context, const Arguments& arguments) {
  if (arguments.positional.size() != 3) return not_by_hand(context, "post-checkout");
  const std::string& from = arguments.positional[0];
  const std::string& to = arguments.positional[1];
  const bool between_commits = arguments.positional[2] == "1" && is_revision(from) &&
                               is_revision(to) && !is_null_revision(from);
  return fix_write_bits(context, "post-checkout", [&](const lfs::LockableFiles& lockable) -> Paths {
    if (!between_commits) return everything(lockable, "post-checkout");
    TRACE(TraceArea::general, "post-checkout: changes between " << from << " and " << to);
    Paths changed = lockable.changed(from, to);
    return changed ? std::move(changed) : everything(lockable, "post-checkout");
  });
}

Result<ExitCode> run_post_commit(Context& context, const Arguments&) {
  return fix_write_bits(context, "post-commit", [](const lfs::LockableFiles& lockable) -> Paths {
    TRACE(TraceArea::general, "post-commit: checking file write flags at HEAD");
    return lockable.changed("", "HEAD");
  });
}

Result<ExitCode> run_post_merge(Context& context, const Arguments& arguments) {
  if (arguments.positional.size() != 1) return not_by_hand(context, "post-merge");
  return fix_write_bits(context, "post-merge", [](const lfs::LockableFiles& lockable) -> Paths {
    return everything(lockable, "post-merge");
  });
}

}  // namespace lazylfs::cli
