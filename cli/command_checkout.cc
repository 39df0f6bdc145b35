// checkout: objects of the store, into the work tree.
#include <algorithm>
#include <array>
#include <string>

#include "cli/checkout_workers.h"
#include "cli/command_functions.h"
#include "cli/meter.h"
#include "cli/workspace.h"
#include "lfs/base/files.h"
#include "lfs/scan/pointer_scan.h"

namespace lazylfs::cli {
namespace {

// A path or pattern as typed in the current folder, relative to the work tree's root.
std::string rooted(const Workspace& workspace, const std::string& word) {
  const std::string& root = workspace.repository().work_tree();
  const bool pattern_only = word.find('/') == std::string::npos && word != "." && word != "..";
  if (pattern_only && workspace.prefix().empty()) return word;
  const std::string whole = absolute_path(word);
  if (whole == root) return "";
  return whole.starts_with(root + '/') ? whole.substr(root.size() + 1) : word;
}

// The stages of the index that --base, --ours and --theirs mean.
std::vector<std::uint8_t> wanted_stages(const Arguments& arguments) {
  constexpr auto kStages = std::to_array<std::string_view>({"base", "ours", "theirs"});
  std::vector<std::uint8_t> stages;
  for (std::size_t i = 0; i < kStages.size(); ++i) {
    if (arguments.is_set(kStages.at(i))) stages.push_back(static_cast<std::uint8_t>(i + 1));
  }
  return stages;
}

// Inside of .git a repository has no work tree, though it is not bare.
bool has_work_tree_here(const lfs::Repository& repository) {
  const std::string here = absolute_path(".") + '/';
  return !repository.is_bare() && !here.starts_with(repository.git_folder() + '/') &&
         !here.starts_with(repository.common_folder() + '/');
}

ExitCode refuse(Context& context, std::string_view why) {
  context.err << why << '\n';
  return ExitCode::fatal;
}

Result<ExitCode> check_out_conflict(Context& context, const Workspace& workspace,
                                    const std::string& word, std::uint8_t stage,
                                    const std::string& target) {
  const lfs::Repository& repository = workspace.repository();
  const std::string path = rooted(workspace, word);
  const lfs::Index index = TRY(repository.read_index());
  const lfs::IndexEntry* entry = index.find(path, stage);
  constexpr std::string_view kNoMerge =
      "Could not checkout (are you not in the middle of a merge?): ";
  if (entry == nullptr) {
    return refuse(context, std::string(kNoMerge) + "Git can't resolve ref: \":" +
                               std::to_string(stage) + ':' + path + '"');
  }
  const std::vector<lfs::PointerFile> files =
      TRY(lfs::read_pointers(repository, {{entry->path, entry->oid, lfs::EntryKind::file}}));
  if (files.empty()) {
    return refuse(context, "Could not find decoder pointer for object \"" + entry->oid.hex() +
                               "\": not a Git LFS pointer");
  }
  const std::string destination = absolute_path(target);
  const auto source = workspace.store().find(files[0].pointer.id());
  if (!source) {
    context.err << "Skipped checkout for \"" << path
                << "\", content not local. Use fetch to download.\n";
    return ExitCode::ok;
  }
  TRY_CONTEXT("could not checkout to \"" + target + '"',
              lfs::write_object_to(*source, destination));
  return ExitCode::ok;
}

Result<ExitCode> check_out_head(Context& context, const Workspace& workspace,
                                const lfs::PathFilter& filter) {
  const lfs::Repository& repository = workspace.repository();
  const Result<lfs::Commit> head = repository.resolve_commit("HEAD");
  if (!head) return report_panic(context, workspace, head.error(), "Could not checkout");
  const std::vector<lfs::PointerFile> files = TRY(checkout_candidates(workspace, *head, filter));
  Meter meter(context, workspace.config(), MeterKind::checkout);
  for (const lfs::PointerFile& file : files) meter.expected({file.pointer.id(), file.path});
  const auto workers =
      TRY(CheckoutWorkers::start(workspace, [&meter](const lfs::PointerFile& file) {
        meter.finished({file.pointer.id(), {file.path}, {}, true, {}, {}});
      }));
  for (const lfs::PointerFile& file : files) workers->add(file);
  const auto failures = TRY(workers->finish());
  meter.finish();
  return report_failures(context, workspace, failures);
}

}  // namespace

Result<ExitCode> run_checkout(Context& context, const Arguments& arguments) {
  auto opened = TRY(Workspace::open(context, Need::repository, true));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  const Workspace& workspace = *std::get<std::unique_ptr<Workspace>>(opened);
  if (!has_work_tree_here(workspace.repository())) {
    context.out << "This operation must be run in a work tree.\n";
    return ExitCode::ok;
  }
  if (workspace.config().get("filter.lfs.clean").value_or("").empty()) {
    context.out << "Cannot checkout LFS objects, Git LFS is not installed.\n";
    return ExitCode::ok;
  }
  const std::vector<std::uint8_t> stages = wanted_stages(arguments);
  const auto target = arguments.value("to");
  if (stages.size() > 1) {
    return refuse(context,
                  "Error parsing args: at most one of --base, --theirs, and --ours is allowed");
  }
  if (target.has_value() == stages.empty()) {
    return refuse(context,
                  "--to and exactly one of --theirs, --ours, and --base must be used together");
  }
  if (target) {
    if (arguments.positional.size() != 1) {
      return refuse(context, "--to requires exactly one Git LFS object file path");
    }
    return check_out_conflict(context, workspace, arguments.positional[0], stages[0], *target);
  }
  std::vector<std::string> include;
  for (const std::string& word : arguments.positional) {
    std::string pattern = rooted(workspace, word);
    if (pattern.empty()) {
      include.clear();
      break;
    }
    include.push_back(std::move(pattern));
  }
  return check_out_head(context, workspace, lfs::PathFilter(std::move(include), {}));
}

}  // namespace lazylfs::cli
