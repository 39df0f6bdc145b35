#include "fs/control_folder.h"

namespace lazylfs::fs {
namespace {

constexpr std::chrono::milliseconds kStands{200};

}  // namespace

std::optional<InodeNumber> ControlFolder::find(std::string_view name) {
  for (std::size_t i = 0; i < file_names().size(); ++i) {
    if (file_names().at(i) == name) return file(i);
  }
  return std::nullopt;
}

ControlFolder::Rendering ControlFolder::render(InodeNumber file) {
  const std::size_t index = file.value - kControlFolder.value - 1;
  const auto now = std::chrono::system_clock::now();
  {
    auto renderings = renderings_.lock();
    const Rendering& last = renderings->at(index);
    if (!last.text.empty() && now - last.time < kStands) return last;
  }
  const Json content = index == 0 ? sources_.stats() : sources_.mount();
  Rendering fresh{.text = dump_json(content, 2) + "\n", .time = now};
  renderings_.lock()->at(index) = fresh;
  return fresh;
}

}  // namespace lazylfs::fs
