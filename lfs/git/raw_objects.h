// Git objects as they are stored, for who writes new ones: nothing is dropped or judged.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/git/repository.h"

namespace lazylfs::lfs {

// Numbered as in packs.
enum class ObjectType : std::uint8_t { commit = 1, tree = 2, blob = 3, tag = 4 };

std::string_view object_type_name(ObjectType type);

struct RawObject {
  ObjectType type = ObjectType::blob;
  std::string data;
};

// The id of an object with this content.
GitOid object_id(ObjectType type, std::string_view data);

// An entry of a tree object; `name` points into the object's data.
struct RawTreeEntry {
  std::uint32_t mode = 0;
  std::string_view name;
  GitOid oid;

  bool is_folder() const { return (mode & 0170000U) == 0040000U; }
  bool is_symlink() const { return (mode & 0170000U) == 0120000U; }
  bool is_submodule() const { return (mode & 0170000U) == 0160000U; }
  bool is_blob() const { return !is_folder() && !is_submodule(); }
};

// Errc::corrupt when `data` is not a sequence of "<mode> <name>\0<20 bytes>". The entries point
// into `data`.
Result<std::vector<RawTreeEntry>> parse_raw_tree(std::string_view data);

// The order in which git wants the entries of a tree.
bool tree_entry_before(const RawTreeEntry& a, const RawTreeEntry& b);

std::string format_raw_tree(const std::vector<RawTreeEntry>& entries);

}  // namespace lazylfs::lfs
