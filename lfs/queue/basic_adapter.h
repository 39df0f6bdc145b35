// Whole objects by GET and PUT.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "lfs/api/client.h"
#include "lfs/git/config.h"
#include "lfs/queue/adapter.h"
#include "lfs/queue/ranged_download.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

class BasicAdapter final : public TransferAdapter {
 public:
  // All must outlive it.
  BasicAdapter(ApiClient& client, const Config& config, const ObjectStore& store,
               Operation operation);

  std::string_view name() const override { return "basic"; }
  Attempt move(const TransferTask& task, std::size_t worker) override;
  void stop() override { stopped_ = true; }

 private:
  Attempt download(const TransferTask& task);
  Attempt download_small(const TransferTask& task, const Action& action);
  Attempt download_large(const TransferTask& task, const Action& action);
  Attempt upload(const TransferTask& task);
  std::optional<RangedEnd> download_ranged(const TransferTask& task, const Action& action,
                                           PartialFile& file);
  bool has_partial(const ObjectId& id) const;

  ApiClient& client_;
  const Config& config_;
  const ObjectStore& store_;
  const Operation operation_;
  const bool any_partial_;  // something lies in incomplete/
  const std::int64_t verifies_max_;
  Result<std::string> encoding_;          // what downloads may be packed with
  const std::uint64_t ranged_bytes_min_;  // of what an object lacks
  const RangePlan range_plan_;
  std::atomic<bool> stopped_{false};
  std::atomic<bool> ranged_busy_{false};     // one object at a time: memory, and fairness
  std::atomic<bool> ranges_mislead_{false};  // this storage's ranges are not to be trusted
};

// The media type that the first bytes of a file suggest, as the WHATWG sniffing rules for common
// formats say; "application/octet-stream" when they tell nothing.
std::string_view sniff_content_type(std::string_view first_bytes);

// What a PUT or PATCH of `task` needs besides its body, for uploads of every HTTP kind: the
// Content-Type unless the action names one.
void add_content_type(HttpRequest& request, const Config& config, std::string_view first_bytes);

// Opens the file of an upload; Errc::corrupt when its size is not the object's.
Result<std::shared_ptr<const Fd>> open_upload(const TransferTask& task);

}  // namespace lazylfs::lfs
