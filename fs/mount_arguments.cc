#include "fs/mount_arguments.h"

#include <array>

namespace lazylfs::fs {
namespace {

// The command's own names; cli/commands.cc has them with their help.
struct Option {
  std::string_view name;
  bool MountOptions::*flag = nullptr;
  std::string MountOptions::*text = nullptr;
  std::chrono::milliseconds MountOptions::*duration = nullptr;
  std::optional<std::uint32_t> MountOptions::*number = nullptr;
};

constexpr auto kOptions = std::to_array<Option>({
    {.name = "all-refs", .flag = &MountOptions::all_refs},
    {.name = "allow-other", .flag = &MountOptions::allow_other},
    {.name = "cache", .text = &MountOptions::cache_folder},
    {.name = "follow", .flag = &MountOptions::follow},
    {.name = "follow-interval", .duration = &MountOptions::follow_interval},
    {.name = "gid", .number = &MountOptions::gid},
    {.name = "no-exec", .flag = &MountOptions::no_exec},
    {.name = "offline", .flag = &MountOptions::offline},
    {.name = "read-deadline", .duration = &MountOptions::read_deadline},
    {.name = "ref", .text = &MountOptions::ref},
    {.name = "remote", .text = &MountOptions::remote},
    {.name = "shown-source", .text = &MountOptions::shown_source},
    {.name = "small-files", .flag = &MountOptions::small_files},
    {.name = "subdir", .text = &MountOptions::subdir},
    {.name = "uid", .number = &MountOptions::uid},
});

}  // namespace

std::vector<std::string> to_arguments(const MountOptions& options, int ready_fd) {
  std::vector<std::string> words = {"--foreground", "--ready-fd=" + std::to_string(ready_fd)};
  for (const Option& option : kOptions) {
    const std::string name = "--" + std::string(option.name);
    if (option.flag != nullptr && options.*option.flag) words.push_back(name);
    if (option.text != nullptr && !(options.*option.text).empty()) {
      words.push_back(name + "=" + options.*option.text);
    }
    if (option.number != nullptr && options.*option.number) {
      words.push_back(name + "=" + std::to_string(*(options.*option.number)));
    }
    if (option.duration != nullptr) {
      words.push_back(name + "=" + std::to_string((options.*option.duration).count()) + "ms");
    }
  }
  if (options.passthrough == PassthroughMode::off) words.emplace_back("--passthrough=off");
  words.emplace_back("--");
  words.push_back(options.source);
  words.push_back(options.mountpoint);
  return words;
}

}  // namespace lazylfs::fs
