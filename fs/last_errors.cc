#include "fs/last_errors.h"

#include <ctime>

#include "fs/errno_map.h"
#include "lfs/base/text.h"

namespace lazylfs::fs {
namespace {

constexpr std::size_t kStoriesMax = 4096;

}  // namespace

void LastErrors::record(const Oid& oid, const Error& error,
                        const std::optional<lfs::ServerTrouble>& trouble) {
  Json story = {{"time", format_time(std::time(nullptr))},
                {"error", std::string(errc_name(error.code()))},
                {"errno", std::string(errno_name(to_errno(error, Asked::content)))},
                {"message", error.message()}};
  if (trouble) {
    story["host"] = trouble->host;
    story["status"] = trouble->status;
    story["request_id"] = trouble->request_id;
    story["attempts"] = trouble->attempts;
  }
  auto state = state_.lock();
  if (state->stories.insert_or_assign(oid, std::move(story)).second) state->order.push_back(oid);
  while (state->order.size() > kStoriesMax) {
    state->stories.erase(state->order.front());
    state->order.pop_front();
  }
}

std::optional<Json> LastErrors::find(const Oid& oid) const {
  auto state = state_.lock();
  const auto found = state->stories.find(oid);
  if (found == state->stories.end()) return std::nullopt;
  return found->second;
}

}  // namespace lazylfs::fs
