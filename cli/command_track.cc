// track and untrack: which files go through LFS, in the .gitattributes of the current folder.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <set>

#include "cli/command_functions.h"
#include "cli/output.h"
#include "cli/workspace.h"
#include "lfs/attributes/attribute_editor.h"
#include "lfs/attributes/filter_attributes.h"
#include "lfs/attributes/known_patterns.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/git/config.h"
#include "lfs/install/hooks.h"
#include "lfs/locks/lock_cache.h"
#include "lfs/locks/lockable.h"
#include "lfs/worktree/large_files.h"

namespace lazylfs::cli {
namespace {

constexpr const char* kAttributesFile = ".gitattributes";

// One pattern of the command line.
struct Wanted {
  std::string shown;    // as messages name it
  std::string escaped;  // as .gitattributes has it
  bool added = false;   // the file had no line of it
};

bool ends_lines_with_cr(const lfs::Config& config) {
  return config.get_bool("core.autocrlf", false);
}

void list_patterns(Context& context, const std::vector<lfs::KnownPattern>& known,
                   bool with_excluded) {
  if (known.empty()) return;
  context.out << "Listing tracked patterns\n";
  for (const lfs::KnownPattern& pattern : known) {
    if (!pattern.lockable && !pattern.tracked) continue;
    context.out << "    " << pattern.pattern << (pattern.lockable ? " [lockable] (" : " (")
                << pattern.source << ")\n";
  }
  if (!with_excluded) return;
  context.out << "Listing excluded patterns\n";
  for (const lfs::KnownPattern& pattern : known) {
    if (pattern.lockable || pattern.tracked) continue;
    context.out << "    " << pattern.pattern << " (" << pattern.source << ")\n";
  }
}

void list_as_json(Context& context, const std::vector<lfs::KnownPattern>& known) {
  Json patterns = Json::array();
  for (const lfs::KnownPattern& pattern : known) {
    Json item;
    item["pattern"] = pattern.pattern;
    item["source"] = pattern.source;
    item["lockable"] = pattern.lockable;
    item["tracked"] = pattern.tracked;
    patterns.push_back(std::move(item));
  }
  Json listing;
  listing["patterns"] = std::move(patterns);
  print_json(context.out, listing);
}

// The files of the index below the current folder, relative to it.
Result<std::vector<std::string>> files_in_index() {
  lazylfs::Command command;
  command.argv = {"git", "ls-files", "-z", "--cached"};
  const std::string listing = TRY(run_command_checked(command));
  std::vector<std::string> files;
  std::string_view rest = listing;
  while (!rest.empty()) files.emplace_back(take_until(rest, '\0'));
  const auto repeated = std::ranges::unique(files);  // a conflict lists a file several times
  files.erase(repeated.begin(), repeated.end());
  return files;
}

std::vector<std::string> matching(const std::vector<std::string>& files, const Wanted& wanted) {
  std::vector<std::string> found;
  const auto pattern = lfs::AttributePattern::parse(wanted.escaped);
  if (!pattern) return found;
  std::ranges::copy_if(files, std::back_inserter(found),
                       [&](const std::string& file) { return pattern->matches(file); });
  return found;
}

// Files that Git and LFS read themselves, and which must never become pointers.
bool is_forbidden(const std::string& file) {
  const std::string name = base_name(file);
  return name.starts_with(".git") || name.starts_with(".lfs");
}

bool is_too_long(const std::string& escaped) {
  return escaped.size() > lfs::kAttributePatternBytesMax;
}

std::string too_long(const std::string& shown) {
  return "Error tracking " + go_quoted(shown) + ": Git would ignore so long a line; use a wildcard";
}

// Makes Git look at the file's content again.
Result<void> touch(const std::string& file) {
  if (::utimensat(AT_FDCWD, file.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0) return {};
  return Error::from_errno("Error marking " + go_quoted(file) + " modified", errno);
}

class Tracker {
 public:
  Tracker(Context& context, const Workspace& workspace, const Arguments& arguments)
      : context_(context),
        workspace_(workspace),
        lockable_(arguments.is_set("lockable")),
        not_lockable_(arguments.is_set("not-lockable")),
        literal_(arguments.is_set("filename")),
        dry_run_(arguments.is_set("dry-run")),
        verbose_(arguments.is_set("verbose")),
        modify_(!arguments.is_set("no-modify-attrs")),
        manages_bits_(lfs::manages_write_bits(workspace.config())) {}

  Result<ExitCode> run(const std::vector<std::string>& patterns) {
    std::vector<Wanted> wanted;
    return run(patterns, wanted);
  }

  // --above: a line for each of these files, which no pattern covers.
  Result<ExitCode> run_files(const std::vector<lfs::LargeFile>& files) {
    std::vector<Wanted> wanted;
    bool refused = false;
    for (const lfs::LargeFile& file : files) {
      const std::string path = file.path.substr(workspace_.prefix().size());
      std::string pattern = lfs::attribute_pattern_of_file(path);
      if (is_too_long(pattern)) {
        context_.err << too_long(path) << '\n';
        refused = true;
        continue;
      }
      wanted.push_back({path, std::move(pattern), false});
      context_.out << (dry_run_ ? "Would track " : "Tracking ") << go_quoted(path) << " ("
                   << format_size(file.size) << ")\n";
    }
    const ExitCode code = TRY(run({}, wanted));
    return code == ExitCode::ok && refused ? ExitCode::problem : code;
  }

 private:
  Result<ExitCode> run(const std::vector<std::string>& patterns, std::vector<Wanted>& wanted) {
    known_ = TRY(lfs::known_patterns(workspace_.repository(), lfs::AttributeScope::repository));
    files_ = TRY(files_in_index());
    if (lockable_ && manages_bits_) read_own_locks();
    auto editor =
        TRY(lfs::AttributeEditor::open(kAttributesFile, ends_lines_with_cr(workspace_.config())));
    if (!patterns.empty()) wanted = TRY(choose(patterns));
    const std::size_t chosen = wanted.size();
    refuse_forbidden(wanted);
    for (Wanted& pattern : wanted) pattern.added = !editor.track(pattern.escaped, lockable_);
    if (modify_ && !dry_run_ && !wanted.empty()) TRY(editor.save());
    bool failed = false;
    for (const Wanted& pattern : wanted) failed |= !touch_matching(pattern);
    if (failed) return ExitCode::fatal;
    return chosen > 0 && wanted.empty() ? ExitCode::problem : ExitCode::ok;
  }

  // Files that this clone has locked stay writable.
  void read_own_locks() {
    const auto locks = lfs::LockCache(workspace_.store().folder()).own();
    if (!locks) return;
    for (const lfs::Lock& lock : *locks) own_locks_.insert(lock.path);
  }

  // What has to change; says which patterns do and which do not.
  Result<std::vector<Wanted>> choose(const std::vector<std::string>& patterns) {
    std::vector<Wanted> wanted;
    for (const std::string& given : patterns) {
      std::string_view pattern = given;
      if (pattern.starts_with("./")) pattern.remove_prefix(2);
      if (pattern.empty() || pattern == "/") {
        return Error(Errc::invalid, "Error getting tracked files for " + go_quoted(pattern) +
                                        ": it names no file");
      }
      Wanted item;
      item.escaped = lfs::escape_attribute_pattern(pattern, literal_);
      item.shown = literal_ ? lfs::unescape_attribute_pattern(item.escaped) : std::string(pattern);
      if (is_too_long(item.escaped)) return Error(Errc::invalid, too_long(item.shown));
      if (modify_ && is_known(item)) {
        context_.out << go_quoted(item.shown) << " already supported\n";
        continue;
      }
      context_.out << "Tracking " << go_quoted(item.shown) << '\n';
      const auto same = std::ranges::find(wanted, item.escaped, &Wanted::escaped);
      if (same == wanted.end()) wanted.push_back(std::move(item));
    }
    return wanted;
  }

  bool is_known(const Wanted& wanted) const {
    const std::string full = lfs::unescape_attribute_pattern(
        lfs::pattern_from_root(workspace_.prefix(), wanted.escaped));
    return std::ranges::any_of(known_, [&](const lfs::KnownPattern& known) {
      if (!known.tracked || lfs::unescape_attribute_pattern(known.pattern) != full) return false;
      return lockable_ ? known.lockable : !not_lockable_ || !known.lockable;
    });
  }

  void refuse_forbidden(std::vector<Wanted>& wanted) {
    std::erase_if(wanted, [&](const Wanted& pattern) {
      bool refused = false;
      for (const std::string& file : matching(files_, pattern)) {
        if (!is_forbidden(file)) continue;
        context_.out << "Pattern '" << pattern.shown << "' matches forbidden file '" << file
                     << "'. If you would like to track " << file
                     << ", modify '.gitattributes' manually.\n";
        refused = true;
      }
      return refused;
    });
  }

  // New patterns make Git compare the files again; all of them set the files' read-only bits.
  bool touch_matching(const Wanted& pattern) {
    const std::vector<std::string> files = matching(files_, pattern);
    const bool searched = pattern.added || !modify_;
    if (verbose_ && searched) {
      context_.out << "Searching for files matching pattern: " << pattern.shown << '\n'
                   << "Found " << files.size()
                   << " files previously added to Git matching pattern: " << pattern.shown << '\n';
    }
    bool fine = true;
    for (const std::string& file : files) {
      if (searched && (verbose_ || dry_run_))
        context_.out << "Touching " << go_quoted(file) << '\n';
      if (dry_run_) continue;
      const Result<void> touched = searched ? touch(file) : Result<void>();
      const bool missing = !touched && !file_exists(file);  // deleted, or not in a sparse checkout
      if (!touched && !missing) {
        context_.err << touched.error().message() << '\n';
        fine = false;
      }
      if (manages_bits_) {
        const bool writable = !lockable_ || own_locks_.contains(workspace_.prefix() + file);
        if (!missing) (void)lfs::set_writable(file, writable).has_value();
      }
    }
    return fine;
  }

  Context& context_;
  const Workspace& workspace_;
  const bool lockable_, not_lockable_, literal_, dry_run_, verbose_, modify_, manages_bits_;
  std::set<std::string> own_locks_;  // paths from the root
  std::vector<lfs::KnownPattern> known_;
  std::vector<std::string> files_;
};

// Whether one of `patterns`, as they are given to track in the folder `prefix`, matches `path`.
bool is_chosen(const std::vector<std::string>& patterns, const std::string& prefix,
               const std::string& path) {
  return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
           const auto parsed =
               lfs::AttributePattern::parse(lfs::escape_attribute_pattern(pattern, false));
           return parsed && parsed->matches(path.substr(prefix.size()));
         });
}

// track --above: the large files that nothing tracks yet get a line each.
Result<ExitCode> track_large_files(Context& context, const Workspace& workspace,
                                   const Arguments& arguments) {
  const std::string given = arguments.value_or("above", "");
  const auto bytes_min = parse_size(given);
  if (!bytes_min || *bytes_min == 0) {
    return usage_error(context, "track",
                       "invalid argument \"" + given + "\" for \"--above\" flag: not a size");
  }
  auto files =
      TRY(lfs::large_files_outside_lfs(workspace.repository(), workspace.prefix(), *bytes_min));
  std::erase_if(files, [&](const lfs::LargeFile& file) {
    return !is_chosen(arguments.positional, workspace.prefix(), file.path);
  });
  if (!arguments.is_set("json")) {
    if (files.empty()) context.err << "No file of that size is untracked.\n";
    return Tracker(context, workspace, arguments).run_files(files);
  }
  Json list = Json::array();
  for (const lfs::LargeFile& file : files) {
    Json item;
    item["path"] = file.path;
    item["size"] = file.size;
    item["pattern"] = lfs::attribute_pattern_of_file(file.path.substr(workspace.prefix().size()));
    list.push_back(std::move(item));
  }
  Json document;
  document["files"] = std::move(list);
  Context quiet{context.err, context.err, context.metrics, context.commands, false, false};
  const ExitCode code = TRY(Tracker(quiet, workspace, arguments).run_files(files));
  print_json(context.out, document);
  return code;
}

}  // namespace

Result<ExitCode> run_track(Context& context, const Arguments& arguments) {
  auto opened = TRY(Workspace::open(context, Need::work_tree, true));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  const auto& workspace = std::get<std::unique_ptr<Workspace>>(opened);
  if (!is_true(env_or_empty("GIT_LFS_TRACK_NO_INSTALL_HOOKS")))
    lfs::ensure_hooks(workspace->repository());

  const bool json = arguments.is_set("json");
  if (arguments.has("above")) return track_large_files(context, *workspace, arguments);
  if (!arguments.positional.empty()) {
    if (!json) return Tracker(context, *workspace, arguments).run(arguments.positional);
    return Error(Errc::invalid, "--json option can't be combined with arguments");
  }
  const std::vector<lfs::KnownPattern> known =
      TRY(lfs::known_patterns(workspace->repository(), lfs::AttributeScope::everything));
  if (json) {
    list_as_json(context, known);
  } else {
    list_patterns(context, known, !arguments.is_set("no-excluded"));
  }
  return ExitCode::ok;
}

Result<ExitCode> run_untrack(Context& context, const Arguments& arguments) {
  auto opened = TRY(Workspace::open(context, Need::work_tree, true));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  const auto& workspace = std::get<std::unique_ptr<Workspace>>(opened);
  lfs::ensure_hooks(workspace->repository());
  if (arguments.positional.empty()) {
    context.out << "git lfs untrack <path> [path]*\n";
    return ExitCode::ok;
  }
  auto editor =
      TRY(lfs::AttributeEditor::open(kAttributesFile, ends_lines_with_cr(workspace->config())));
  for (const std::string& pattern : arguments.positional) {
    for (const std::string& removed : editor.untrack(pattern)) {
      context.out << "Untracking " << go_quoted(lfs::unescape_attribute_pattern(removed)) << '\n';
    }
  }
  TRY(editor.save());
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
