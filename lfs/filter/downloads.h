// Where the smudge filters get objects that are not here: a transfer queue in real life.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lfs/base/result.h"
#include "lfs/queue/transfer_queue.h"

namespace lazylfs::lfs {

// Thread-compatible.
class Downloads {
 public:
  Downloads() = default;
  Downloads(const Downloads&) = delete;
  Downloads& operator=(const Downloads&) = delete;
  virtual ~Downloads() = default;

  // Starts to fetch the object and returns. `treeish`: the commit that is checked out, or empty.
  virtual void want(const TransferJob& job, std::string_view treeish) = 0;
  // The objects that have ended since the last call; blocks until there is one. Empty when nothing
  // is under way.
  virtual std::vector<TransferOutcome> next() = 0;
  // Fetches one object now; its path.
  virtual Result<std::string> fetch(const TransferJob& job) = 0;
  // Asks the other remotes, where that is configured, for what next() said has failed; `first` when
  // none has it.
  virtual Result<std::string> fetch_elsewhere(const TransferJob& job, const Error& first) = 0;
};

}  // namespace lazylfs::lfs
