// What fetch, pull and clone share: refs and remotes as people name them, and downloading.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/meter.h"
#include "cli/workspace.h"
#include "lfs/scan/pointer_scan.h"

namespace lazylfs::cli {

struct NamedRef {
  std::string full_name;   // "refs/heads/main", "HEAD" when detached, else what was given
  std::string short_name;  // "main"
  lfs::Commit commit;
};
Result<NamedRef> find_ref(const lfs::Repository& repository, const std::string& revision);

// Empty when `remote` is the name of a remote, a URL or the path of a folder; else upstream's
// words.
std::string remote_complaint(const lfs::Config& config, const std::string& remote);

// The lines of stdin, for --stdin.
std::vector<std::string> read_stdin_lines();

struct FetchOptions {
  std::string remote;
  bool dry_run = false;
  bool refetch = false;  // objects that are here, too
};

// Thread-compatible. Network and threads begin with the first object that is not here.
class ObjectFetch final : private lfs::TransferObserver {
 public:
  using Finished = std::function<void(const lfs::TransferOutcome&)>;  // one call at a time
  ObjectFetch(Context& context, Workspace& workspace, FetchOptions options, Finished on_finished);
  ~ObjectFetch() override;

  // True when the object is not here and will be fetched.
  bool add(const lfs::PointerFile& file);
  // Waits for all; the errors, each once.
  std::vector<Error> finish();
  std::uint64_t fetched() const { return fetched_; }

 private:
  void expected(const lfs::TransferJob& job) override { meter_.expected(job); }
  void skipped(const lfs::TransferJob& job) override { meter_.skipped(job); }
  void progressed(const lfs::TransferJob& job, std::int64_t bytes) override {
    meter_.progressed(job, bytes);
  }
  void finished(const lfs::TransferOutcome& outcome) override;
  void send_waiting();

  Workspace& workspace_;
  const FetchOptions options_;
  const Finished on_finished_;
  Meter meter_;
  std::uint64_t fetched_ = 0;
  std::vector<lfs::TransferJob> waiting_;
  std::unique_ptr<lfs::TransferQueue> queue_;
};

// The URL that messages name; the remote where none is known.
std::string endpoint_url(const Workspace& workspace, const std::string& remote,
                         lfs::Operation operation);

}  // namespace lazylfs::cli
