// What push and pre-push share: finding and uploading what a remote lacks.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "cli/lock_check.h"
#include "cli/meter.h"
#include "cli/workspace.h"
#include "lfs/scan/history_scan.h"

namespace lazylfs::cli {

// One ref that is pushed.
struct RefUpdate {
  std::string name;         // "refs/heads/main"; what was given when it is no ref
  std::string remote_name;  // the full name that it gets there
  lfs::GitOid commit;
  lfs::GitOid remote_commit;  // what it is there; zero: new or unknown
};

// The full name that `ref` is pushed to: push.default's rules.
std::string remote_ref_name(const lfs::Config& config, const std::string& remote,
                            const std::string& ref);

// Thread-compatible.
class ObjectPush final : private lfs::TransferObserver {
 public:
  ObjectPush(Context& context, Workspace& workspace, std::string remote, bool dry_run);
  ~ObjectPush() override;

  // The objects of all `updates`; with `all` also those that the remote is known to have.
  Result<ExitCode> push(const std::vector<RefUpdate>& updates, bool all);
  Result<ExitCode> push_objects(const std::vector<ObjectId>& objects);

 private:
  void expected(const lfs::TransferJob& job) override { meter_.expected(job); }
  void skipped(const lfs::TransferJob& job) override;
  void progressed(const lfs::TransferJob& job, std::int64_t bytes) override {
    meter_.progressed(job, bytes);
  }
  void finished(const lfs::TransferOutcome& outcome) override;

  Result<void> push_one(const RefUpdate& update, lfs::HistoryRange& range);
  std::vector<lfs::GitOid> known_to_remote(const std::vector<RefUpdate>& updates) const;
  void add(const lfs::TransferJob& job, const std::string& ref);
  void send_waiting();
  void close_queue();
  ExitCode report();

  Context& context_;
  Workspace& workspace_;
  const std::string remote_;
  const bool dry_run_;
  const bool incomplete_allowed_;
  LockCheck locks_;
  Meter meter_;
  std::unordered_set<Oid> seen_;
  std::vector<lfs::TransferJob> waiting_;
  // By name, as they are reported.
  std::map<std::string, Oid> missing_, corrupt_;
  std::unordered_set<std::string> explained_;  // errors that these lists tell of
  std::vector<Error> errors_;
  std::unique_ptr<lfs::TransferQueue> queue_;
};

}  // namespace lazylfs::cli
