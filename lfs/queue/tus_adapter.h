// Uploads that can be continued: the tus.io protocol, core part.
#pragma once

#include <atomic>

#include "lfs/api/client.h"
#include "lfs/git/config.h"
#include "lfs/queue/adapter.h"

namespace lazylfs::lfs {

class TusAdapter final : public TransferAdapter {
 public:
  // Both must outlive it.
  TusAdapter(ApiClient& client, const Config& config);

  std::string_view name() const override { return "tus"; }
  Attempt move(const TransferTask& task, std::size_t worker) override;
  void stop() override { stopped_ = true; }

 private:
  Result<std::uint64_t> offset_at_server(const TransferTask& task, const Action& action,
                                         std::optional<Attempt>& refused);
  Attempt send_rest(const TransferTask& task, const Action& action, std::uint64_t offset);

  ApiClient& client_;
  const std::int64_t verifies_max_;
  std::atomic<bool> stopped_{false};
};

}  // namespace lazylfs::lfs
