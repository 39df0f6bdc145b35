// Paths as small numbers, for tables that hold millions of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lfs/git/repository.h"

namespace lazylfs::lfs {

using PathId = std::uint32_t;
inline constexpr PathId kRootPath = 0;

// Thread-compatible. Paths are never forgotten.
class PathTable {
 public:
  PathTable();
  PathId child(PathId folder, std::string_view name);
  // From the root, without a '/' at its start; "" is the root.
  std::string path(PathId id) const;
  std::string_view name(PathId id) const { return nodes_[id].name; }
  std::size_t size() const { return nodes_.size(); }

 private:
  struct Node {
    PathId parent;
    std::string_view name;  // in a key of children_
  };
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>{}(key);
    }
  };
  std::unordered_map<std::string, PathId, KeyHash, std::equal_to<>> children_;
  std::vector<Node> nodes_;
  std::string key_;
};

// An object at a path.
struct PlacedObject {
  PathId path = kRootPath;
  GitOid oid;
  bool operator==(const PlacedObject&) const = default;
};

struct PlacedObjectHash {
  std::size_t operator()(const PlacedObject& object) const noexcept {
    return GitOidHash{}(object.oid) ^ (object.path * std::size_t{0x9E3779B97F4A7C15U});
  }
};

}  // namespace lazylfs::lfs
