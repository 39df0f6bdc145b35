// Writes objects into the work tree on several threads: for checkout and pull.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/workspace.h"
#include "lfs/base/guarded.h"
#include "lfs/worktree/work_tree_writer.h"

namespace lazylfs::cli {

struct CheckoutFailure {
  std::size_t number;  // of the file, in the order of add()
  std::string path;
  bool absent = false;  // the object is not here
  Error error;
};

// add() is thread-safe; the rest thread-compatible.
class CheckoutWorkers {
 public:
  // Told after each file, from any thread, one call at a time.
  using Done = std::function<void(const lfs::PointerFile&)>;
  static Result<std::unique_ptr<CheckoutWorkers>> start(const Workspace& workspace, Done done);
  CheckoutWorkers(const CheckoutWorkers&) = delete;
  CheckoutWorkers& operator=(const CheckoutWorkers&) = delete;
  ~CheckoutWorkers();

  void add(lfs::PointerFile file);
  // Waits for all, and brings the index up to date. What failed, in the order of add().
  Result<std::vector<CheckoutFailure>> finish();

 private:
  struct State {
    std::deque<std::pair<std::size_t, lfs::PointerFile>> waiting;
    std::size_t added = 0;
    bool ended = false;
    std::vector<CheckoutFailure> failures;
  };
  CheckoutWorkers(std::unique_ptr<lfs::WorkTreeWriter> writer, Done done);
  void work();
  void join();

  const std::unique_ptr<lfs::WorkTreeWriter> writer_;
  const Done done_;
  Guarded<State> state_;
  std::mutex telling_;  // held while done_ runs
  std::condition_variable changed_;
  std::vector<std::thread> threads_;
};

// What checkout and pull look at: as upstream does, the index with git 2.42 and later, which knows
// of sparse checkouts and attributes, else `head`'s tree.
Result<std::vector<lfs::PointerFile>> checkout_candidates(const Workspace& workspace,
                                                          const lfs::Commit& head,
                                                          const lfs::PathFilter& filter);

// Prints the failures of finish() in upstream's words; fatal when one was not a matter of the
// user's own files or of objects that are not here.
ExitCode report_failures(Context& context, const Workspace& workspace,
                         const std::vector<CheckoutFailure>& failures);

}  // namespace lazylfs::cli
