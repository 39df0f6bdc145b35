// All refs of a push make one walk: what an earlier ref led to is excluded from the walk of the
// next, together with what the remote has. Usually that leaves nothing to walk.
//
// What the remote has is what its tracking refs say, as far as the remote still has these refs: a
// branch that was deleted there may have taken its objects with it. The remote is asked for its
// refs only where tracking refs decide something.
#include "cli/object_push.h"

#include <optional>

#include "cli/object_fetch.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/git/history.h"

namespace lazylfs::cli {
namespace {

constexpr std::string_view kHeads = "refs/heads/";
// Jobs that are collected before the first is begun, so that totals are known from the start.
constexpr std::size_t kWaitingMax = 1000;
constexpr std::size_t kRemoteCommitsMax = 2000;  // looked up here, of those that the remote names
constexpr std::size_t kRemoteRefsBytesMax = 256U << 20U;

// What the remote said about its refs.
struct RemoteRefs {
  std::unordered_set<std::string> branches;
  std::vector<lfs::GitOid> commits;  // those that are here, too
};

// Nothing when the remote cannot be asked.
std::optional<RemoteRefs> ask_remote(const lfs::Repository& repository, const std::string& remote) {
  RemoteRefs refs;
  const lazylfs::Command command =
      repository.git({"ls-remote", "--heads", "--tags", "-q", "--", remote});
  RunOptions options;
  options.output_bytes_max = kRemoteRefsBytesMax;
  const Result<CommandOutput> output = run_command(command, options);
  if (!output || output->exit_code != 0) return std::nullopt;
  std::size_t looked_up = 0;
  for (std::string_view line : split(output->out, '\n')) {
    const Result<lfs::GitOid> oid = lfs::GitOid::parse(take_until(line, '\t'));
    if (!oid) continue;
    if (line.starts_with(kHeads)) refs.branches.emplace(line.substr(kHeads.size()));
    // A tag's commit follows its object, as "<name>^{}".
    const bool may_be_here = ++looked_up <= kRemoteCommitsMax;
    if (may_be_here && repository.read_commit(*oid)) refs.commits.push_back(*oid);
  }
  return refs;
}

}  // namespace

std::string remote_ref_name(const lfs::Config& config, const std::string& remote,
                            const std::string& ref) {
  if (!ref.starts_with(kHeads)) return ref;
  const std::string branch = "branch." + ref.substr(kHeads.size());
  const std::string mode = config.get("push.default").value_or("simple");
  const bool tracks =
      mode == "upstream" || mode == "tracking" ||
      ((mode.empty() || mode == "simple") && config.get(branch + ".remote").value_or("") == remote);
  const std::string merge = config.get(branch + ".merge").value_or("");
  return tracks && !merge.empty() ? merge : ref;
}

ObjectPush::ObjectPush(Context& context, Workspace& workspace, std::string remote, bool dry_run)
    : context_(context),
      workspace_(workspace),
      remote_(std::move(remote)),
      dry_run_(dry_run),
      incomplete_allowed_(workspace.config().get_bool("lfs.allowincompletepush", false)),
      locks_(context, workspace, remote_),
      meter_(context, workspace.config(), MeterKind::upload, dry_run) {}

ObjectPush::~ObjectPush() = default;

std::vector<lfs::GitOid> ObjectPush::known_to_remote(const std::vector<RefUpdate>& updates) const {
  const lfs::Repository& repository = workspace_.repository();
  lfs::WalkOptions walk;
  for (const RefUpdate& update : updates) {
    walk.include.push_back(update.commit);
    if (!update.remote_commit.is_zero()) walk.exclude.push_back(update.remote_commit);
  }
  std::vector<lfs::GitOid> known = walk.exclude;
  if (!known.empty()) {
    const Result<lfs::CommitWalk> left = lfs::walk_commits(repository, walk);
    if (left && left->commits.empty()) return known;
  }
  const std::optional<RemoteRefs> there = ask_remote(repository, remote_);
  if (there) known.insert(known.end(), there->commits.begin(), there->commits.end());
  const std::string prefix = "refs/remotes/" + remote_ + '/';
  std::optional<lfs::GitOid> head;
  std::vector<lfs::GitOid> gone;
  for (const lfs::RefName& ref : repository.refs()) {
    if (!ref.name.starts_with(prefix)) continue;
    const std::string branch = ref.name.substr(prefix.size());
    if (branch == "HEAD") {
      head = ref.target;
    } else if (!there || there->branches.contains(branch)) {
      known.push_back(ref.target);
    } else {
      gone.push_back(ref.target);
    }
  }
  // It may be all that follows the remote; one that follows a branch which is gone tells nothing.
  if (head && std::ranges::find(gone, *head) == gone.end()) known.push_back(*head);
  return known;
}

Result<ExitCode> ObjectPush::push(const std::vector<RefUpdate>& updates, bool all) {
  std::string names;
  for (const RefUpdate& update : updates) {
    names += (names.empty() ? "" : " ") + update.name;
    if (const auto code = locks_.ask(update.remote_name)) return *code;
  }
  TRACE(TraceArea::general, "Upload refs [" << names << "] to remote " << remote_);
  lfs::HistoryRange range;
  if (!all) range.exclude = known_to_remote(updates);
  TRACE(TraceArea::general,
        "run_command: git rev-list --stdin --objects "
            << (all ? "--do-walk --" : "--ignore-missing --not --remotes=" + remote_ + " --"));
  for (const RefUpdate& update : updates) {
    TRY(push_one(update, range));
    range.exclude.push_back(update.commit);
  }
  return report();
}

Result<void> ObjectPush::push_one(const RefUpdate& update, lfs::HistoryRange& range) {
  range.include = {update.commit};
  const auto found = [&](const lfs::PointerFile& file) -> Result<void> {
    if (locks_.may_push(file.path)) add({file.pointer.id(), file.path}, update.remote_name);
    return {};
  };
  const Result<void> scanned =
      lfs::scan_history(workspace_.repository(), range, false, found,
                        [&](const std::string& path) { locks_.meet_other_file(path); });
  close_queue();
  return scanned;
}

Result<ExitCode> ObjectPush::push_objects(const std::vector<ObjectId>& objects) {
  const std::string ref = workspace_.api_ref();
  for (const ObjectId& id : objects) {
    add({id, workspace_.store().object_path(id.oid)}, ref);
  }
  close_queue();
  return report();
}

void ObjectPush::add(const lfs::TransferJob& job, const std::string& ref) {
  if (!dry_run_ && job.id.size == 0) return;
  if (!seen_.insert(job.id.oid).second) return;
  if (dry_run_) {
    context_.out << "push " << job.id.oid.hex() << " => " << job.name << '\n';
    return;
  }
  if (!queue_) {
    lfs::QueueOptions options;
    options.operation = lfs::Operation::upload;
    options.remote = remote_;
    options.ref = ref;
    lfs::TransferObserver* const observer = this;
    queue_ = std::make_unique<lfs::TransferQueue>(workspace_.transfers(), options, observer);
  }
  meter_.expected(job);
  waiting_.push_back(job);
  if (waiting_.size() >= kWaitingMax) send_waiting();
}

void ObjectPush::send_waiting() {
  for (lfs::TransferJob& job : waiting_) queue_->add(std::move(job));
  waiting_.clear();
}

void ObjectPush::close_queue() {
  if (!queue_) return;
  send_waiting();
  for (Error& error : queue_->wait()) errors_.push_back(std::move(error));
  queue_.reset();
}

// What is not here counts only when it turns out that the server has it.
void ObjectPush::skipped(const lfs::TransferJob& job) {
  workspace_.store().find(job.id) ? meter_.skipped(job) : meter_.expected(job);
}

void ObjectPush::finished(const lfs::TransferOutcome& outcome) {
  meter_.finished(outcome);
  if (outcome.result || workspace_.store().find(outcome.id)) return;
  const bool exists = file_exists(workspace_.store().object_path(outcome.id.oid));
  auto& list = exists ? corrupt_ : missing_;
  for (const std::string& name : outcome.names) list.emplace(name, outcome.id.oid);
  explained_.insert(outcome.result.error().message());
}

ExitCode ObjectPush::report() {
  if (!missing_.empty() || !corrupt_.empty()) {
    context_.out << "Git LFS upload " << (incomplete_allowed_ ? "missing objects:" : "failed:")
                 << '\n';
    for (const auto& [name, oid] : missing_) {
      context_.out << "  (missing) " << name << " (" << oid.hex() << ")\n";
    }
    for (const auto& [name, oid] : corrupt_) {
      context_.out << "  (corrupt) " << name << " (" << oid.hex() << ")\n";
    }
    if (!incomplete_allowed_) {
      context_.out << "hint: Your push was rejected due to missing or corrupt local objects.\n"
                      "hint: You can disable this check with: "
                      "`git config lfs.allowincompletepush true`\n";
      return ExitCode::fatal;
    }
  }
  bool failed = false;
  for (const Error& error : errors_) {
    if (explained_.contains(error.message())) continue;
    context_.err << error.message() << '\n';
    failed = true;
  }
  if (failed) return ExitCode::fatal;
  const ExitCode code = locks_.report();
  if (code == ExitCode::ok) meter_.finish();
  return code;
}

}  // namespace lazylfs::cli
