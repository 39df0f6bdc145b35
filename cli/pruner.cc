#include "cli/pruner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "cache/layout.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "fs/registry.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/queue/transfer_queue.h"
#include "lfs/store/store_users.h"
#include "lfs/upkeep/prune.h"

namespace lazylfs::cli {
namespace {

using OidSet = std::unordered_set<Oid>;

constexpr std::size_t kRetainedBytesMax = 1U << 30U;
constexpr std::string_view kEndOfList = "end\n";

std::int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool serves(const fs::MountRecord& mount, const lfs::Repository& repository) {
  const std::string served = absolute_path(mount.repository);
  return served == repository.git_folder() || served == repository.common_folder() ||
         (!repository.is_bare() && served == repository.work_tree());
}

// A mount is a checkout that is read later: what its commit needs stays, so that it can be served
// without the server. An offline mount of all refs may need any of them.
std::vector<lfs::GitOid> commits_of_mounts(const Workspace& workspace) {
  std::vector<lfs::GitOid> commits;
  const std::string folder =
      fs::cache_folder(workspace.config().get("lfs.cache.folder").value_or(""));
  for (const fs::MountRecord& mount : fs::list_mounts(folder)) {
    const bool lives = mount.alive || fs::process_lives(mount.pid, mount.pid_start);
    if (!lives || !serves(mount, workspace.repository())) continue;
    const Result<lfs::GitOid> commit = lfs::GitOid::parse(mount.commit);
    if (commit) commits.push_back(*commit);
    if (!mount.offline || !mount.all_refs) continue;
    for (const lfs::RefName& ref : workspace.repository().refs()) commits.push_back(ref.target);
  }
  return commits;
}

// Pinned objects that the shared cache has not got in full: mounts read them in place, from here.
Result<void> add_pinned(Context& context, const Workspace& workspace, OidSet& retained) {
  const Result<cache::CacheOptions> options = cache_options_of(workspace.config(), "");
  if (!options || !file_exists(cache::Layout(options->folder).index())) return {};
  const auto cache = TRY(cache::Cache::open(*options, context.metrics));
  for (const cache::ObjectStatus& object : TRY(cache->list())) {
    const bool elsewhere = object.state == cache::ObjectState::complete;
    if (!object.pinned || elsewhere) continue;
    if (file_exists(workspace.store().object_path(object.id.oid))) retained.insert(object.id.oid);
  }
  return {};
}

// Another repository is asked in a process of its own, in which nothing of our environment counts.
Result<void> add_retained_by(const std::string& user, OidSet& retained) {
  lazylfs::Command command;
  command.argv = {own_executable(), "prune", "--list-retained"};
  command.folder = user;
  command.unset_environment = {
      "GIT_DIR",    "GIT_WORK_TREE", "GIT_INDEX_FILE",       "GIT_COMMON_DIR",
      "GIT_PREFIX", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
      "GIT_TRACE"};
  command.set_environment = {"GIT_LFS_PROGRESS="};
  RunOptions options;
  options.output_bytes_max = kRetainedBytesMax;
  const CommandOutput output = TRY(run_command(command, options));
  if (output.exit_code != 0 || !output.out.ends_with(kEndOfList)) {
    const std::string reason(trim(output.err.empty() ? output.out : output.err));
    return Error(Errc::invalid,
                 "cannot tell what " + user + " keeps, which uses the same storage: " + reason);
  }
  std::string_view rest(output.out);
  rest.remove_suffix(kEndOfList.size());
  while (!rest.empty()) retained.insert(TRY(Oid::parse(take_until(rest, '\n'))));
  return {};
}

// Hears which objects a server has.
class RemoteCheck final : public lfs::TransferObserver {
 public:
  void finished(const lfs::TransferOutcome& outcome) override {
    if (outcome.result) {
      verified_.insert(outcome.id.oid);
    } else if (outcome.result.error().code() != Errc::not_found) {
      unanswered_.insert(outcome.id.oid);
    }
  }
  bool has(const Oid& oid) const { return verified_.contains(oid); }
  bool unanswered(const Oid& oid) const { return unanswered_.contains(oid); }
  std::size_t count() const { return verified_.size(); }

 private:
  OidSet verified_, unanswered_;
};

class Pruner {
 public:
  Pruner(Context& context, Workspace& workspace, const PruneRequest& request)
      : context_(context), workspace_(workspace), request_(request) {}

  Result<PruneResult> run() {
    plan_ = TRY(lfs::list_prunable(workspace_.store()));
    const Result<OidSet> retained = find_all_retained();
    if (!retained) return refuse(retained.error());
    retained_ = retained->size();
    lfs::keep_retained(workspace_.store(), *retained, plan_);
    if (request_.verify_remote && !plan_.prunable.empty()) {
      const Result<bool> verified = verify();
      if (!verified.has_value()) return refuse(verified.error());
      if (!*verified) return PruneResult{ExitCode::fatal};
    } else {
      print_counts("");
    }
    return finish();
  }

 private:
  Result<OidSet> find_all_retained() {
    lfs::RetentionOptions options;
    options.recent = !request_.recent && !request_.force;
    options.current = !request_.force;
    OidSet retained = TRY(find_retained(context_, workspace_, options));
    const std::string& own = workspace_.repository().common_folder();
    for (const std::string& user : lfs::store_users(workspace_.store().folder() + "/objects")) {
      if (user != own) TRY(add_retained_by(user, retained));
    }
    return retained;
  }

  PruneResult refuse(const Error& error) {
    (void)report_panic(context_, workspace_, error, "Prune error: " + error.message());
    context_.err << "Prune sub-tasks failed, cannot continue\n";
    return {ExitCode::fatal};
  }

  void print_counts(const std::string& verified) {
    if (plan_.local_objects + retained_ == 0) return;
    context_.out << counted(plan_.local_objects, "local object") << ", " << retained_ << " retained"
                 << verified << ", done.\n";
  }

  // False when the remote lacks what is to be deleted, and that was to end it.
  Result<bool> verify() {
    OidSet reachable;
    if (!request_.verify_unreachable) {
      reachable = TRY(lfs::reachable_objects(workspace_.repository()));
    }
    RemoteCheck check;
    lfs::QueueOptions options;
    options.remote = lfs::prune_remote(workspace_.config());
    options.ref = workspace_.api_ref();
    options.dry_run = true;
    options.refetch = true;
    {
      lfs::TransferQueue queue(workspace_.transfers(), options, &check);
      for (const ObjectId& id : plan_.prunable) {
        TRACE(TraceArea::general, "VERIFYING: " << id.oid.hex());
        queue.add({id, id.oid.hex()});
      }
      errors_ = queue.wait();
    }
    std::string problems;
    const std::size_t before = plan_.prunable.size();
    std::erase_if(plan_.prunable, [&](const ObjectId& id) {
      if (check.has(id.oid)) return false;
      const bool matters = request_.verify_unreachable || reachable.contains(id.oid);
      if (!matters && !check.unanswered(id.oid)) {
        TRACE(TraceArea::general, "UNREACHABLE: " << id.oid.hex());
        return false;
      }
      problems += " * " + id.oid.hex() + '\n';
      plan_.bytes -= id.size;
      return true;
    });
    const std::size_t missing = before - plan_.prunable.size();
    std::string counts;
    if (check.count() > 0) {
      counts += ", " + std::to_string(check.count()) + " verified with remote";
    }
    if (missing > 0) counts += ", " + std::to_string(missing) + " not on remote";
    print_counts(counts);
    if (problems.empty() || request_.continue_unverified) return true;
    tell_why();
    context_.err << "These objects to be pruned are missing on remote:\n" << problems << '\n';
    return false;
  }

  // A server that could not be asked is another thing than one that lacks an object.
  void tell_why() {
    for (const Error& error : errors_) {
      if (error.code() != Errc::not_found) context_.err << error.message() << '\n';
    }
  }

  Result<PruneResult> finish() {
    PruneResult result{ExitCode::ok, plan_.prunable.size(), plan_.bytes};
    if (!plan_.prunable.empty()) {
      print_plan();
      if (!request_.dry_run && !delete_all()) result.code = ExitCode::fatal;
    }
    result.leftover_bytes =
        lfs::sweep_leftovers(workspace_.store(), plan_.unfinished, request_.dry_run);
    return result;
  }

  void print_plan() {
    const char* bullet = request_.dry_run ? " * " : "";
    std::string text;
    if (request_.dry_run) {
      text = counted(plan_.prunable.size(), "file") + " would be pruned (" +
             format_size(plan_.bytes) + ")";
    }
    if (request_.verbose) {
      for (const ObjectId& id : plan_.prunable) {
        if (!text.empty()) text += '\n';
        text += bullet + id.oid.hex() + " (" + format_size(id.size) + ")";
      }
    }
    if (!text.empty()) context_.out << text << ", done.\n";
  }

  bool delete_all() {
    ProgressLine progress(context_);
    const std::size_t all = plan_.prunable.size();
    std::size_t deleted = 0;
    const std::vector<Error> errors =
        lfs::delete_objects(workspace_.store(), plan_, [&](std::size_t count) {
          deleted = count;
          progress.update("Deleting objects: " + std::to_string(count * 100 / all) + "% (" +
                          std::to_string(count) + "/" + std::to_string(all) + ")");
        });
    progress.clear();
    std::string percent = std::to_string(deleted * 100 / all);
    percent.insert(0, 3 - percent.size(), ' ');
    context_.out << "Deleting objects: " << percent << "% (" << deleted << '/' << all
                 << "), done.\n";
    if (errors.empty()) return true;
    for (const Error& error : errors) context_.err << error.message() << '\n';
    (void)report_panic(context_, workspace_, errors.front(), "failed to delete some files");
    context_.err << "Prune failed, see errors above\n";
    return false;
  }

  Context& context_;
  Workspace& workspace_;
  const PruneRequest& request_;
  lfs::PrunePlan plan_;
  std::size_t retained_ = 0;
  std::vector<Error> errors_;
};

}  // namespace

PruneRequest default_prune_request(const lfs::Config& config) {
  PruneRequest request;
  request.verify_remote = config.get_bool("lfs.pruneverifyremotealways", false);
  request.verify_unreachable = config.get_bool("lfs.pruneverifyunreachablealways", false);
  return request;
}

Result<OidSet> find_retained(Context& context, const Workspace& workspace,
                             lfs::RetentionOptions options) {
  options.now = now_seconds();
  options.in_use = commits_of_mounts(workspace);
  OidSet retained = TRY(lfs::retained_objects(workspace.repository(), options));
  TRY(add_pinned(context, workspace, retained));
  return retained;
}

Result<PruneResult> prune(Context& context, Workspace& workspace, const PruneRequest& request) {
  return Pruner(context, workspace, request).run();
}

}  // namespace lazylfs::cli
