// pull: fetch and checkout in one, each file written as soon as its object is here.
#include <string>
#include <unordered_map>

#include "cli/checkout_workers.h"
#include "cli/collector.h"
#include "cli/command_functions.h"
#include "cli/object_fetch.h"
#include "cli/pull.h"

namespace lazylfs::cli {
namespace {

bool is_installed(const lfs::Config& config) {
  return !config.get("filter.lfs.clean").value_or("").empty();
}

}  // namespace

Result<ExitCode> pull_head(Context& context, Workspace& workspace, const std::string& remote,
                           const lfs::PathFilter& filter, PullInto into) {
  const lfs::Repository& repository = workspace.repository();
  const Result<lfs::Commit> head = repository.resolve_commit("HEAD");
  if (!head) return report_panic(context, workspace, head.error(), "Could not pull");
  std::vector<lfs::PointerFile> files = TRY(checkout_candidates(workspace, *head, filter));

  std::unique_ptr<CheckoutWorkers> workers;
  const bool wanted = into == PullInto::work_tree;
  if (wanted && !repository.is_bare() && is_installed(workspace.config())) {
    workers = TRY(CheckoutWorkers::start(workspace, {}));
  }
  // Filled before the first object can arrive, read only afterwards.
  std::unordered_map<Oid, std::vector<lfs::PointerFile>> waiting;
  std::vector<lfs::PointerFile> absent;
  for (lfs::PointerFile& file : files) {
    const bool here =
        file.pointer.size == 0 || workspace.store().find(file.pointer.id()).has_value();
    if (here) {
      if (workers) workers->add(std::move(file));
    } else {
      if (workers) waiting[file.pointer.oid].push_back(file);
      absent.push_back(std::move(file));
    }
  }
  ObjectFetch fetch(context, workspace, {remote}, [&](const lfs::TransferOutcome& outcome) {
    const auto found = waiting.find(outcome.id.oid);
    if (!outcome.result || found == waiting.end()) return;
    for (const lfs::PointerFile& file : found->second) workers->add(file);
  });
  for (const lfs::PointerFile& file : absent) fetch.add(file);
  const std::vector<Error> errors = fetch.finish();
  ExitCode code = ExitCode::ok;
  if (workers) {
    const auto failures = TRY(workers->finish());
    code = report_failures(context, workspace, failures);
  } else if (wanted && !is_installed(workspace.config())) {
    context.out << "Skipping object checkout, Git LFS is not installed for this repository.\n"
                   "Consider installing it with 'git lfs install'.\n";
  }
  for (const Error& error : errors) context.err << error.message() << '\n';
  if (errors.empty()) return code;
  context.err << "Failed to fetch some objects from '"
              << endpoint_url(workspace, remote, lfs::Operation::download) << "'\n";
  return ExitCode::fatal;
}

Result<ExitCode> run_pull(Context& context, const Arguments& arguments) {
  auto opened = TRY(Workspace::open(context, Need::repository, true));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Workspace& workspace = *std::get<std::unique_ptr<Workspace>>(opened);
  std::string remote = workspace.remote();
  if (!arguments.positional.empty()) {
    remote = arguments.positional[0];
    const std::string complaint = remote_complaint(workspace.config(), remote);
    if (!complaint.empty()) {
      context.err << complaint << '\n';
      return ExitCode::fatal;
    }
  }
  const auto include = arguments.value("include");
  const auto exclude = arguments.value("exclude");
  const auto filter = lfs::PathFilter::from(workspace.config(), include ? &*include : nullptr,
                                            exclude ? &*exclude : nullptr, true);
  const ExitCode code = TRY(pull_head(context, workspace, remote, filter));
  if (code == ExitCode::ok) collect_after_transfer(context, workspace);
  return code;
}

}  // namespace lazylfs::cli
