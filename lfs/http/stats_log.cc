#include "lfs/http/stats_log.h"

#include <fcntl.h>

#include <ctime>
#include <sstream>

#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/url.h"
#include "lfs/base/version.h"

namespace lazylfs::lfs {
namespace {

// Without its query, which may be a signature.
std::string place_of(const std::string& address) {
  auto url = Url::parse(address);
  if (!url) return "";
  url->query.clear();
  return url->text_without_credentials();
}

}  // namespace

std::unique_ptr<StatsLog> StatsLog::wanted(const std::string& folder,
                                           std::size_t concurrent_transfers) {
  if (!env_is_on("GIT_LOG_STATS")) return nullptr;
  return std::unique_ptr<StatsLog>(new StatsLog(folder + "/http", concurrent_transfers));
}

void StatsLog::request(const HttpRequest& request) {
  const std::uint64_t bytes =
      request.file_body ? request.file_body->bytes : std::uint64_t{request.body.size()};
  if (bytes > 0) write(request, "request", " body=" + std::to_string(bytes));
}

void StatsLog::response(const HttpRequest& request, const ExchangeFigures& figures) {
  std::ostringstream more;
  more << " status=" << figures.status << " body=" << figures.body_bytes
       << " conntime=" << figures.connect.count() << " dnstime=" << figures.name_lookup.count()
       << " tlstime=" << figures.tls.count() << " restime=" << figures.first_byte.count()
       << " time=" << figures.total.count();
  write(request, "response", more.str());
}

void StatsLog::write(const HttpRequest& request, const std::string& event,
                     const std::string& more) {
  if (request.purpose.empty()) return;
  open();
  if (!file_) return;
  const std::string line = "key=" + request.purpose + " event=" + event +
                           " url=" + place_of(request.url) + " method=" + request.method + more +
                           "\n";
  (void)write_all(file_.get(), line).has_value();
}

void StatsLog::open() {
  if (std::exchange(opened_, true)) return;
  const std::string now = std::to_string(std::time(nullptr));
  if (!make_folders(folder_)) return;
  Result<Fd> file =
      open_file(folder_ + "/http-" + now + ".log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC);
  if (!file) return;
  file_ = std::move(*file);
  const std::string line = "concurrent=" + std::to_string(concurrent_transfers_) + " time=" + now +
                           " version=" + std::string(kVersionLine) + "\n";
  (void)write_all(file_.get(), line).has_value();
}

}  // namespace lazylfs::lfs
