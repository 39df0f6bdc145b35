#include "lfs/migrate/path_table.h"

namespace lazylfs::lfs {

PathTable::PathTable() { nodes_.push_back({kRootPath, {}}); }

PathId PathTable::child(PathId folder, std::string_view name) {
  key_.assign(reinterpret_cast<const char*>(&folder), sizeof folder);
  key_ += name;
  const auto known = children_.find(std::string_view(key_));
  if (known != children_.end()) return known->second;
  const auto id = static_cast<PathId>(nodes_.size());
  const auto added = children_.emplace(key_, id).first;
  // Keys stay where they are when the table grows.
  nodes_.push_back({folder, std::string_view(added->first).substr(sizeof folder)});
  return id;
}

std::string PathTable::path(PathId id) const {
  std::vector<std::string_view> names;
  for (; id != kRootPath; id = nodes_[id].parent) names.push_back(nodes_[id].name);
  std::string path;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    if (!path.empty()) path += '/';
    path += *name;
  }
  return path;
}

}  // namespace lazylfs::lfs
