#include "lfs/locks/lock.h"

namespace lazylfs::lfs {
namespace {

constexpr const char* kNoTime = "0001-01-01T00:00:00Z";

// Servers write UTC as "+00:00", too.
std::string canonical_time(const std::string& text) {
  constexpr std::string_view kUtcOffset = "+00:00";
  if (text.empty()) return kNoTime;
  if (!text.ends_with(kUtcOffset)) return text;
  return text.substr(0, text.size() - kUtcOffset.size()) + "Z";
}

}  // namespace

Result<Lock> lock_from_json(const Json& value) {
  Lock lock;
  if (!value.is_object()) return Error(Errc::corrupt, "a lock is no JSON object");
  const auto id = json_string(value, "id");
  const auto path = json_string(value, "path");
  if (!id || !path) return Error(Errc::corrupt, "a lock has no id or no path");
  lock.id = *id;
  lock.path = *path;
  lock.locked_at = canonical_time(json_string(value, "locked_at").value_or(""));
  if (const Json* owner = json_object(value, "owner")) {
    lock.owner = json_string(*owner, "name").value_or("");
  }
  return lock;
}

Result<std::vector<Lock>> locks_from_json(const Json& value, const char* key) {
  std::vector<Lock> locks;
  const Json* list = json_array(value, key);
  if (list == nullptr) return locks;
  locks.reserve(list->size());
  for (const Json& entry : *list) locks.push_back(TRY(lock_from_json(entry)));
  return locks;
}

Json lock_to_json(const Lock& lock) {
  Json value = {{"id", lock.id}, {"path", lock.path}};
  if (!lock.owner.empty()) value["owner"] = Json{{"name", lock.owner}};
  value["locked_at"] = canonical_time(lock.locked_at);
  return value;
}

Json locks_to_json(const std::vector<Lock>& locks) {
  Json list = Json::array();
  for (const Lock& lock : locks) list.push_back(lock_to_json(lock));
  return list;
}

Json verified_to_json(const VerifiedLocks& locks) {
  return Json{{"ours", locks_to_json(locks.ours)}, {"theirs", locks_to_json(locks.theirs)}};
}

std::string go_json_line(const Json& value) {
  std::string escaped;
  // These three characters can only stand inside strings, so the text may be edited blindly.
  for (const char c : dump_json(value)) {
    switch (c) {
      case '<':
        escaped += "\\u003c";
        break;
      case '>':
        escaped += "\\u003e";
        break;
      case '&':
        escaped += "\\u0026";
        break;
      default:
        escaped += c;
    }
  }
  return escaped + '\n';
}

}  // namespace lazylfs::lfs
