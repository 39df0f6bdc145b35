// Lists the LFS objects of a commit, and reads the beginning of one of them through the cache:
//
//     read_objects <repository> <commit> <cache folder> [<path>]
//
// Prints "<object id> <size> <path>" for each pointer file. With a path, writes the first MiB of
// its content to standard output instead; only that much is fetched, and a second run fetches
// nothing.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cache/cache.h"
#include "lfs/api/client.h"
#include "lfs/api/endpoint.h"
#include "lfs/attributes/path_filter.h"
#include "lfs/git/config.h"
#include "lfs/git/repository.h"
#include "lfs/http/engine.h"
#include "lfs/scan/pointer_scan.h"
#include "lfs/store/local_store.h"
#include "lfs/transfer/downloader.h"

namespace {

using namespace lazylfs;  // NOLINT(google-build-using-namespace): a program of one file

constexpr std::uint64_t kBytesMax = 1024 * 1024;

// The cache knows nothing of LFS servers: it asks a Source for bytes. This one is the downloader,
// and before it the repository's own store.
class ServerSource final : public cache::Source {
 public:
  ServerSource(lfs::Downloader& downloader, lfs::LocalStore store)
      : downloader_(downloader), store_(std::move(store)) {}

  std::unique_ptr<Fetch> start(const ObjectId& id, ByteRange range, Priority priority,
                               std::shared_ptr<ByteSink> sink) override {
    return downloader_.start(id, range, priority, std::move(sink));
  }
  Fd open_local(const ObjectId& id) override {
    const auto path = store_.find(id);
    return path ? open_file(*path, O_RDONLY).value_or(Fd()) : Fd();
  }

 private:
  lfs::Downloader& downloader_;
  lfs::LocalStore store_;
};

// The client of the repository's LFS server; null when it has none.
std::unique_ptr<lfs::ApiClient> make_client(const lfs::Repository& repository,
                                            lfs::HttpEngine& engine, Metrics& metrics) {
  const std::string branch = repository.current_branch();
  const std::string remote = lfs::default_remote(repository.config(), branch);
  auto endpoint = lfs::find_endpoint(repository.config(), remote, lfs::Operation::download,
                                     repository.common_folder());
  if (!endpoint) return nullptr;
  return std::make_unique<lfs::ApiClient>(
      engine, repository.config(), metrics,
      lfs::ApiClientOptions{.endpoint = std::move(*endpoint),
                            .remote = remote,
                            .ref = branch,
                            .repository_folder = repository.git_folder(),
                            .interactive = false});
}

// The first bytes of the object; blocks until they are here.
Result<std::vector<std::byte>> read_beginning(cache::Object& object) {
  std::vector<std::byte> bytes(std::min(object.id().size, kBytesMax));
  std::promise<Result<void>> ready;
  const auto pending =
      object.read_when_ready({.offset = 0, .length = bytes.size()},
                             [&](Result<void> outcome) { ready.set_value(std::move(outcome)); });
  TRY(ready.get_future().get());
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const std::size_t more = TRY(object.read_present(filled, std::span(bytes).subspan(filled)));
    if (more == 0) return Error(Errc::busy, "the cache is too small to keep what is read");
    filled += more;
  }
  return bytes;
}

Result<void> print_beginning(const lfs::Repository& repository, const ObjectId& id,
                             const std::string& cache_folder) {
  Metrics metrics;
  lfs::HttpEngine engine(metrics);
  const lfs::LocalStore store = lfs::LocalStore::of(repository);
  lfs::Downloader downloader(engine, make_client(repository, engine, metrics), store, metrics, {});
  ServerSource source(downloader, store);
  const auto opened = TRY(cache::Cache::open({.folder = cache_folder}, metrics));
  const auto object = TRY(opened->open_object(id, source));
  const std::vector<std::byte> bytes = TRY(read_beginning(*object));
  return write_all(STDOUT_FILENO, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Result<void> run(const std::vector<std::string>& words) {
  const lfs::Repository repository = TRY(lfs::Repository::discover(words.at(0)));
  const lfs::Commit commit = TRY(repository.resolve_commit(words.at(1)));
  const auto files = TRY(lfs::pointers_in_tree(repository, commit.tree, lfs::PathFilter()));
  for (const lfs::PointerFile& file : files) {
    if (file.pointer.size == 0) continue;
    if (words.size() < 4) {
      std::cout << file.pointer.oid.hex() << ' ' << file.pointer.size << ' ' << file.path << '\n';
    } else if (file.path == words.at(3)) {
      return print_beginning(repository, file.pointer.id(), words.at(2));
    }
  }
  if (words.size() < 4) return {};
  return Error(Errc::not_found, words.at(3) + " is no LFS file of " + words.at(1));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 3 || words.size() > 4) {
    std::cerr << "usage: read_objects <repository> <commit> <cache folder> [<path>]\n";
    return 2;
  }
  const auto done = run(words);
  if (done) return 0;
  std::cerr << "read_objects: " << done.error().message() << '\n';
  return 1;
}
