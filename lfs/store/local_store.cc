#include "lfs/store/local_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kAlternatesBytesMax = 1U << 20U;
constexpr int kAlternatesDepthMax = 5;  // as in git

// "x" as git writes a path that needs quoting; an octal escape stands for one byte.
std::string unquote(std::string_view line) {
  if (line.size() < 2 || line.front() != '"' || line.back() != '"') return std::string(line);
  line = line.substr(1, line.size() - 2);
  constexpr std::string_view kNames = "abfnrtv";
  constexpr std::string_view kValues = "\a\b\f\n\r\t\v";
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      text += line[i];
      continue;
    }
    const char c = line[++i];
    if (i + 2 < line.size() && is_octal(c) && is_octal(line[i + 1]) && is_octal(line[i + 2])) {
      text += static_cast<char>((c - '0') * 64 + (line[i + 1] - '0') * 8 + (line[i + 2] - '0'));
      i += 2;
    } else {
      const std::size_t named = kNames.find(c);
      text += named == std::string_view::npos ? c : kValues[named];
    }
  }
  return text;
}

std::string resolve(const std::string& path, const std::string& base) {
  return absolute_path(path.starts_with('/') ? path : base + "/" + path);
}

// The LFS store of the repository whose Git objects are in `git_objects`.
std::string store_beside(const std::string& git_objects) {
  return parent_path(git_objects) + "/lfs/objects";
}

class Collector {
 public:
  // False when it was there already.
  bool add(const std::string& folder) {
    if (std::find(folders_.begin(), folders_.end(), folder) != folders_.end()) return false;
    folders_.push_back(folder);
    return true;
  }

  // The alternates that `git_objects` names, and theirs.
  void add_alternates_of(const std::string& git_objects, int depth = 1) {
    if (depth > kAlternatesDepthMax) return;
    const Result<std::string> list =
        read_file(git_objects + "/info/alternates", kAlternatesBytesMax);
    if (!list) return;
    for (const std::string_view line : split(*list, '\n')) {
      if (line.empty() || line.front() == '#') continue;
      add_alternate(resolve(unquote(line), git_objects), depth);
    }
  }

  void add_alternate(const std::string& git_objects, int depth = 0) {
    if (add(store_beside(git_objects))) add_alternates_of(git_objects, depth + 1);
  }

  std::vector<std::string> take() { return std::move(folders_); }

 private:
  std::vector<std::string> folders_;
};

std::string own_store(const StorePlace& place) {
  const std::string storage = place.config.get("lfs.storage").value_or("");
  if (storage.empty()) return place.common_folder + "/lfs/objects";
  const bool in_home = storage == "~" || storage.starts_with("~/");
  return resolve(in_home ? home_folder() + storage.substr(1) : storage, place.common_folder) +
         "/objects";
}

}  // namespace

std::string object_relative_path(const Oid& oid) {
  const std::string hex = oid.hex();
  return hex.substr(0, 2) + '/' + hex.substr(2, 2) + '/' + hex;
}

LocalStore::LocalStore(std::vector<std::string> object_folders)
    : object_folders_(std::move(object_folders)) {}

LocalStore LocalStore::of(const Repository& repository) {
  return of(StorePlace{repository.common_folder(), repository.objects_folder(),
                       repository.environment_alternates(), repository.config()});
}

LocalStore LocalStore::of(const StorePlace& place) {
  Collector collector;
  collector.add(own_store(place));
  collector.add_alternates_of(place.objects_folder);
  for (const std::string& folder : place.environment_alternates) {
    collector.add_alternate(folder);
  }
  return LocalStore(collector.take());
}

std::optional<std::string> LocalStore::find(const ObjectId& id) const {
  const std::string relative = object_relative_path(id.oid);
  for (const std::string& folder : object_folders_) {
    std::string path = folder + '/' + relative;
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        static_cast<std::uint64_t>(status.st_size) == id.size) {
      return path;
    }
  }
  return std::nullopt;
}

}  // namespace lazylfs::lfs
