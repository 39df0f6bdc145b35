#include "fs/folder_ahead.h"

#include <algorithm>

namespace lazylfs::fs {
namespace {

constexpr std::size_t kForeseenMax = 8192;
constexpr std::size_t kFilesForEachStep = 8;

}  // namespace

std::vector<Sibling> FolderAhead::on_first_read(InodeNumber ino, std::uint64_t size,
                                                const std::vector<Sibling>& next) {
  std::vector<Sibling> wanted;
  auto state = state_.lock();
  int run = 1;
  if (const auto found = state->foreseen.find(ino.value); found != state->foreseen.end()) {
    run = found->second.run + 1;
  }
  const bool reads_on = run > limits_.files_in_order_min && size <= limits_.file_bytes_max;
  const std::size_t files =
      reads_on ? std::min(limits_.files_max, static_cast<std::size_t>(run) * kFilesForEachStep) : 0;

  std::uint64_t bytes = 0;
  std::size_t position = 0;
  for (const Sibling& sibling : next) {
    const auto [entry, is_new] = state->foreseen.try_emplace(sibling.ino.value);
    if (is_new) state->order.push_back(sibling.ino.value);
    entry->second.run = std::max(entry->second.run, run);
    const bool fits = sibling.object.size <= limits_.file_bytes_max &&
                      bytes + sibling.object.size <= limits_.bytes_max;
    if (position++ < files && fits && !entry->second.prefetched) {
      entry->second.prefetched = true;
      bytes += sibling.object.size;
      wanted.push_back(sibling);
    }
  }
  while (state->order.size() > kForeseenMax) {
    state->foreseen.erase(state->order.front());
    state->order.pop_front();
  }
  return wanted;
}

}  // namespace lazylfs::fs
