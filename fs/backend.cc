#include "fs/backend.h"

#include <fcntl.h>
#include <sys/file.h>

#include "fs/registry.h"
#include "lfs/base/files.h"
#include "lfs/base/sha256.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/base/url.h"
#include "lfs/store/store_users.h"

namespace lazylfs::fs {
namespace {

constexpr std::size_t kFolderDigits = 24;

std::uint64_t size_option(const lfs::Config& config, const char* key, std::uint64_t fallback) {
  const std::optional<std::string> text = config.get(key);
  return text ? parse_size(*text).value_or(fallback) : fallback;
}

// One process at a time clones or updates; freed with the descriptor.
Result<Fd> lock_clone(const std::string& folder) {
  Fd lock = TRY(open_file(folder + ".lock", O_RDWR | O_CREAT, 0600));
  if (::flock(lock.get(), LOCK_EX) != 0) return Error::from_errno("lock " + folder, errno);
  return lock;
}

Result<std::unique_ptr<lfs::ApiClient>> make_client(const MountOptions& options, Backend& backend) {
  const lfs::Config& config = backend.repository.config();
  const std::string branch = backend.repository.current_branch();
  const std::string remote =
      options.remote.empty() ? lfs::default_remote(config, branch) : options.remote;
  Result<lfs::Endpoint> endpoint = lfs::find_endpoint(config, remote, lfs::Operation::download,
                                                      backend.repository.common_folder());
  if (!endpoint) {
    // A repository without a remote can still show what its own store has.
    log_line(LogLevel::info, "no LFS server: " + endpoint.error().message());
    return std::unique_ptr<lfs::ApiClient>();
  }
  lfs::ApiClientOptions client{.endpoint = std::move(*endpoint),
                               .remote = remote,
                               .ref = branch,
                               .repository_folder = backend.repository.git_folder(),
                               .interactive = false,
                               .batch_deadline = options.read_deadline};
  return std::make_unique<lfs::ApiClient>(*backend.engine, config, backend.metrics,
                                          std::move(client));
}

Result<void> open_transfer(const MountOptions& options, Backend& backend) {
  const lfs::Config& config = backend.repository.config();
  backend.engine = std::make_unique<lfs::HttpEngine>(backend.metrics);
  const lfs::LocalStore local = lfs::LocalStore::of(backend.repository);
  lfs::register_store_user(backend.repository.common_folder(),
                           lfs::ObjectStore::of(backend.repository));
  lfs::DownloaderOptions download;
  const std::int64_t batch = config.get_int("lfs.transfer.batchsize", 100);
  download.batch_objects_max = static_cast<std::size_t>(std::clamp<std::int64_t>(batch, 1, 1000));
  download.retries_max = static_cast<int>(
      std::clamp<std::int64_t>(config.get_int("lfs.transfer.maxretries", 8), 0, 100));
  download.fetch_deadline = options.read_deadline;
  download.offline = options.offline;
  std::unique_ptr<lfs::ApiClient> client = TRY(make_client(options, backend));
  backend.downloader = std::make_unique<lfs::Downloader>(*backend.engine, std::move(client), local,
                                                         backend.metrics, download);
  backend.cache_source = std::make_unique<DownloaderSource>(*backend.downloader, local);
  return {};
}

}  // namespace

bool is_remote_source(const std::string& source) {
  if (is_folder(source)) return false;
  if (Url::parse(source)) return true;
  const std::size_t colon = source.find(':');  // host:path, as git takes it
  return colon != std::string::npos && colon > 0 && source.find('/') > colon;
}

std::string cache_folder_of(const MountOptions& options) {
  if (!options.cache_folder.empty()) return absolute_path(options.cache_folder);
  std::string configured;
  if (!is_remote_source(options.source)) {
    const Result<lfs::Repository> repository = lfs::Repository::discover(options.source);
    if (repository) configured = repository->config().get("lfs.cache.folder").value_or("");
  } else if (const auto config = lfs::Config::outside_repository()) {
    configured = config->get("lfs.cache.folder").value_or("");
  }
  return cache_folder(configured);
}

Result<std::string> prepare_repository(const MountOptions& options, bool trust_clone) {
  if (!is_remote_source(options.source)) return absolute_path(options.source);
  const std::string repos = cache_folder_of(options) + "/repos";
  TRY(make_folders(repos, 0700));
  const std::string folder =
      repos + "/" + Sha256::of(options.source).hex().substr(0, kFolderDigits);
  if (trust_clone && is_folder(folder)) return folder;
  const Fd lock = TRY(lock_clone(folder));
  if (!is_folder(folder)) {
    if (options.offline) {
      return Error(Errc::unreachable,
                   "offline, and " + redact_url(options.source) + " was never mounted before");
    }
    TRY(lfs::clone_repository({.url = options.source,
                               .folder = folder,
                               .ref = options.ref,
                               .shallow = !options.all_refs,
                               .interactive = options.interactive}));
    return folder;
  }
  if (options.offline) return folder;
  const Result<void> updated =
      lfs::update_clone(folder, options.all_refs ? "" : options.ref, options.interactive);
  // An old state is better than none; an unknown ref shows itself when it is resolved.
  if (!updated) log_line(LogLevel::warning, "not updated: " + updated.error().message());
  return folder;
}

Result<std::unique_ptr<Backend>> open_backend(const MountOptions& options, bool trust_clone) {
  const std::string folder = TRY(prepare_repository(options, trust_clone));
  lfs::Repository repository = TRY(lfs::Repository::discover(folder));
  const lfs::Commit commit =
      TRY(repository.resolve_commit(options.ref.empty() ? "HEAD" : options.ref));
  // Backend cannot be moved, hence no make_unique.
  std::unique_ptr<Backend> backend(new Backend{.cache_folder = cache_folder_of(options),
                                               .source = redact_url(options.source),
                                               .is_url = is_remote_source(options.source),
                                               .repository = std::move(repository),
                                               .commit = commit});
  backend->tree = TRY(Tree::open(backend->repository, commit,
                                 {.subdir = options.subdir, .all_refs = options.all_refs}));
  TRY(open_transfer(options, *backend));
  const lfs::Config& config = backend->repository.config();
  backend->cache = TRY(
      cache::Cache::open({.folder = backend->cache_folder,
                          .size_max = size_option(config, "lfs.cache.size", 0),
                          .free_space_min = size_option(config, "lfs.cache.minfree", 1ULL << 30U),
                          .read_deadline = options.read_deadline},
                         backend->metrics));
  return backend;
}

}  // namespace lazylfs::fs
