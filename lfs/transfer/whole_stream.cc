#include "lfs/transfer/whole_stream.h"

#include <utility>

#include "lfs/transfer/range_fetch.h"

namespace lazylfs::lfs {

bool WholeStreams::try_own(const Oid& oid) { return streams_.try_emplace(oid).second; }

bool WholeStreams::follow(const Oid& oid, std::shared_ptr<RangeFetch> fetch) {
  const auto found = streams_.find(oid);
  if (found == streams_.end()) return false;
  found->second.followers.push_back(std::move(fetch));
  return true;
}

void WholeStreams::data(const Oid& oid, std::uint64_t offset, std::span<const std::byte> bytes) {
  const auto found = streams_.find(oid);
  if (found == streams_.end()) return;
  // A sink may cause new followers: a copy is walked.
  const std::vector<std::shared_ptr<RangeFetch>> followers = found->second.followers;
  for (const auto& fetch : followers) {
    // Its own failure ends the follower, not the stream.
    if (!fetch->finished()) (void)fetch->follow_data(offset, bytes).has_value();
  }
}

void WholeStreams::end(const Oid& oid, std::uint64_t position, const Result<void>& result) {
  const auto found = streams_.find(oid);
  if (found == streams_.end()) return;
  const std::vector<std::shared_ptr<RangeFetch>> followers = std::move(found->second.followers);
  streams_.erase(found);
  for (const auto& fetch : followers) {
    if (!fetch->finished()) fetch->follow_end(position, result);
  }
}

}  // namespace lazylfs::lfs
