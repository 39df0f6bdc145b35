// Downloads through transfer queues: one for all delayed files of a checkout.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lfs/base/guarded.h"
#include "lfs/filter/downloads.h"
#include "lfs/queue/transfer_queue.h"

namespace lazylfs::lfs {

// What is asked only once something must be downloaded: most filter runs never do.
struct DownloadSetup {
  std::function<TransferEnvironment&()> environment;
  // The remote to ask when the files of `treeish` (may be empty) are checked out.
  std::function<std::string(std::string_view treeish)> remote;
  std::function<std::string()> ref;
  // lfs.remote.searchall: the remotes to try after that one.
  std::function<std::vector<std::string>()> other_remotes;
  TransferObserver* observer = nullptr;  // told as well; may be null
};

class QueueDownloads final : public Downloads {
 public:
  explicit QueueDownloads(DownloadSetup setup);
  ~QueueDownloads() override;

  void want(const TransferJob& job, std::string_view treeish) override;
  std::vector<TransferOutcome> next() override;
  Result<std::string> fetch(const TransferJob& job) override;
  Result<std::string> fetch_elsewhere(const TransferJob& job, const Error& first) override;

 private:
  class Round;
  Result<std::string> fetch_from(const TransferJob& job, const std::string& remote);

  DownloadSetup setup_;
  std::string remote_;            // of the last round
  std::unique_ptr<Round> round_;  // the checkout under way
};

}  // namespace lazylfs::lfs
