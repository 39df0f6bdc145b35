#include "lfs/git/raw_objects.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "lfs/base/fd.h"
#include "lfs/base/sha1.h"

namespace lazylfs::lfs {

std::string_view object_type_name(ObjectType type) {
  constexpr std::array<std::string_view, 4> kNames = {"commit", "tree", "blob", "tag"};
  return kNames[static_cast<std::size_t>(type) - 1];
}

GitOid object_id(ObjectType type, std::string_view data) {
  std::string header(object_type_name(type));
  header += ' ' + std::to_string(data.size());
  Sha1 hash;
  hash.update(as_bytes(std::string_view(header.c_str(), header.size() + 1)));
  hash.update(as_bytes(data));
  return GitOid{hash.digest()};
}

Result<std::vector<RawTreeEntry>> parse_raw_tree(std::string_view data) {
  const auto corrupt = [] { return Error(Errc::corrupt, "malformed tree object"); };
  std::vector<RawTreeEntry> entries;
  while (!data.empty()) {
    RawTreeEntry entry;
    const char* end = data.data() + data.size();
    const auto [space, error] = std::from_chars(data.data(), end, entry.mode, 8);
    if (error != std::errc() || space == end || *space != ' ') return corrupt();
    data.remove_prefix(static_cast<std::size_t>(space - data.data()) + 1);
    const std::size_t nul = data.find('\0');
    if (nul == std::string_view::npos || nul == 0 ||
        data.size() - nul - 1 < entry.oid.bytes.size()) {
      return corrupt();
    }
    entry.name = data.substr(0, nul);
    std::copy_n(data.data() + nul + 1, entry.oid.bytes.size(),
                reinterpret_cast<char*>(entry.oid.bytes.data()));
    data.remove_prefix(nul + 1 + entry.oid.bytes.size());
    entries.push_back(entry);
  }
  return entries;
}

// Names are compared as bytes, a folder's as if it ended in '/'.
bool tree_entry_before(const RawTreeEntry& a, const RawTreeEntry& b) {
  const std::size_t common = std::min(a.name.size(), b.name.size());
  const int order = a.name.substr(0, common).compare(b.name.substr(0, common));
  if (order != 0) return order < 0;
  const auto next = [common](const RawTreeEntry& entry) -> unsigned {
    if (entry.name.size() > common) return static_cast<unsigned char>(entry.name[common]);
    return entry.is_folder() ? '/' : 0U;
  };
  return next(a) < next(b);
}

std::string format_raw_tree(const std::vector<RawTreeEntry>& entries) {
  std::string data;
  std::size_t size = 0;
  for (const RawTreeEntry& entry : entries) size += entry.name.size() + 29;
  data.reserve(size);
  std::array<char, 16> mode{};
  for (const RawTreeEntry& entry : entries) {
    const auto written = std::to_chars(mode.data(), mode.data() + mode.size(), entry.mode, 8);
    data.append(mode.data(), written.ptr);
    data += ' ';
    data += entry.name;
    data += '\0';
    data.append(reinterpret_cast<const char*>(entry.oid.bytes.data()), entry.oid.bytes.size());
  }
  return data;
}

}  // namespace lazylfs::lfs
