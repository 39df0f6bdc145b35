// The folder .lazylfs/ at the root of a mount, which no listing shows: what the daemon knows about
// itself, as files.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "fs/tree.h"
#include "lfs/base/guarded.h"
#include "lfs/base/json.h"

namespace lazylfs::fs {

inline constexpr std::string_view kControlFolderName = ".lazylfs";

// Inode numbers below any that the tree gives out but the root's.
inline constexpr InodeNumber kControlFolder{2};

// A file's text is rendered when it is looked at and then stands for a moment, so that stat and
// the reads that follow agree. Attributes must not be cached, and the time stamp changes with
// each rendering, upon which the kernel drops its pages. Thread-safe.
class ControlFolder {
 public:
  struct Sources {
    std::function<Json()> stats, mount;
  };
  struct Rendering {
    std::string text;
    std::chrono::system_clock::time_point time;
  };

  explicit ControlFolder(Sources sources) : sources_(std::move(sources)) {}

  static bool contains(InodeNumber ino) { return ino.value >= 2 && ino.value < 2 + 1 + kFiles; }
  // The file of that name.
  static std::optional<InodeNumber> find(std::string_view name);
  static constexpr std::array<std::string_view, 2> file_names() {
    return {"stats.json", "mount.json"};
  }
  static InodeNumber file(std::size_t index) { return {kControlFolder.value + 1 + index}; }

  Rendering render(InodeNumber file);

 private:
  static constexpr std::size_t kFiles = 2;

  Sources sources_;
  Guarded<std::array<Rendering, kFiles>> renderings_;
};

}  // namespace lazylfs::fs
