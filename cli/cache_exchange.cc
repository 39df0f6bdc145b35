// What the cache holds complete is a file of its own folder, so finding it takes one stat(2). It is
// hashed before it is handed out: it may be a hard link of a file in some repository, and what a
// person did to that file must not spread from one repository to the next.
#include "cli/cache_exchange.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <utility>

#include "cli/settings.h"
#include "lfs/base/sha256.h"
#include "lfs/base/trace.h"

namespace lazylfs::cli {
namespace {

constexpr std::size_t kOffersMax = 1000;

bool is_object(int fd, const ObjectId& id) {
  const Result<ObjectId> found = hash_to_end(fd);
  return found && *found == id;
}

}  // namespace

std::unique_ptr<CacheExchange> CacheExchange::make(const lfs::Config& config, Metrics& metrics) {
  if (!config.get_bool("lfs.cache.share", true)) return nullptr;
  Result<cache::CacheOptions> options = cache_options_of(config, "");
  if (!options) {
    TRACE(TraceArea::cache, "cache: not shared: " << options.error().message());
    return nullptr;
  }
  return std::unique_ptr<CacheExchange>(new CacheExchange(std::move(*options), metrics));
}

CacheExchange::CacheExchange(cache::CacheOptions options, Metrics& metrics)
    : options_(std::move(options)), layout_(options_.folder), metrics_(metrics) {}

CacheExchange::~CacheExchange() { adopt(*offered_.lock()); }

std::optional<std::string> CacheExchange::find(const ObjectId& id) {
  std::string path = layout_.object(id.oid);
  const Result<Fd> file = open_file(path, O_RDONLY | O_NOFOLLOW);
  struct stat status {};
  if (!file || ::fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if (static_cast<std::uint64_t>(status.st_size) != id.size) return std::nullopt;
  if (is_object(file->get(), id)) return path;
  log_line(LogLevel::warning, "the cache's copy of " + id.oid.hex() +
                                  " is damaged and not used; see git lfs cache verify");
  return std::nullopt;
}

void CacheExchange::offer(const ObjectId& id, const std::string& path) {
  Files full;
  {
    auto offered = offered_.lock();
    offered->push_back({id, path});
    if (offered->size() < kOffersMax) return;
    std::swap(full, *offered);
  }
  adopt(full);
}

void CacheExchange::adopt(const Files& files) {
  if (files.empty()) return;
  auto cache = cache_.lock();
  if (*cache == nullptr) {
    Result<std::unique_ptr<cache::Cache>> opened = cache::Cache::open(options_, metrics_);
    if (!opened) {
      TRACE(TraceArea::cache, "cache: " << opened.error().message());
      return;
    }
    *cache = std::move(*opened);
  }
  const Result<void> adopted = (*cache)->adopt_files(files);
  if (!adopted) TRACE(TraceArea::cache, "cache: " << adopted.error().message());
}

}  // namespace lazylfs::cli
