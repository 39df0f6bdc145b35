#include "fs/io_mode.h"

namespace lazylfs::fs {
namespace {

// Closed inodes are remembered only to know whose pages to drop; forgetting one costs memory that
// the kernel reclaims by itself.
constexpr std::size_t kInodesMax = 100'000;

}  // namespace

IoModes::Opened IoModes::open(InodeNumber ino, int complete_fd) {
  auto inodes = inodes_.lock();
  if (inodes->size() >= kInodesMax) {
    std::erase_if(*inodes, [](const auto& entry) { return entry.second.opens == 0; });
  }
  State& state = (*inodes)[ino.value];
  Opened opened;
  if (state.opens == 0 && complete_fd >= 0) {
    const Result<int> id = open_backing_(complete_fd);
    if (id.has_value()) {
      state.backing_id = *id;
      opened.drop_pages = std::exchange(state.has_pages, false);
    }
  }
  ++state.opens;
  if (state.backing_id == 0) state.has_pages = true;
  opened.backing_id = state.backing_id;
  return opened;
}

void IoModes::release(InodeNumber ino) {
  auto inodes = inodes_.lock();
  const auto found = inodes->find(ino.value);
  if (found == inodes->end() || found->second.opens == 0) return;
  State& state = found->second;
  if (--state.opens > 0) return;
  if (state.backing_id != 0) close_backing_(std::exchange(state.backing_id, 0));
  if (!state.has_pages) inodes->erase(found);
}

}  // namespace lazylfs::fs
