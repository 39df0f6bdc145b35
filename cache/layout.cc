#include "cache/layout.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "lfs/base/files.h"

namespace lazylfs::cache {

namespace fs = std::filesystem;

Result<void> Layout::prepare() const {
  TRY(make_folders(folder_, 0700));
  for (const std::string& folder : {objects(), partials(), temporaries()}) {
    TRY(make_folders(folder, 0700));
  }
  return {};
}

std::string Layout::sharded(const std::string& base, const Oid& oid) {
  const std::string hex = oid.hex();
  std::string path;
  path.reserve(base.size() + hex.size() + 8);
  path += base;
  path += '/';
  path.append(hex, 0, 2);
  path += '/';
  path.append(hex, 2, 2);
  path += '/';
  path += hex;
  return path;
}

std::string Layout::temporary() const {
  static std::atomic<unsigned> counter{0};
  return temporaries() + "/" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
}

std::vector<Oid> Layout::scan(const std::string& base, const std::string& suffix) const {
  std::vector<Oid> found;
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(base, options, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.size() != Oid::kHexLength + suffix.size() || !name.ends_with(suffix)) continue;
    const Result<Oid> oid = Oid::parse(std::string_view(name).substr(0, Oid::kHexLength));
    if (oid) found.push_back(*oid);
  }
  return found;
}

Result<Fd> open_making_folders(const std::string& path, int flags) {
  Result<Fd> file = open_file(path, flags, 0600);
  if (file || file.error().code() != Errc::not_found) return file;
  TRY(make_folders(parent_path(path), 0700));
  return open_file(path, flags, 0600);
}

bool remove_file(const std::string& path) { return ::unlink(path.c_str()) == 0; }

}  // namespace lazylfs::cache
