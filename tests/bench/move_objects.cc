// Moves objects between a repository's store and its server without any command around it, to
// measure and test the transfer queue alone.
//
//   move-objects download|upload REPOSITORY REMOTE [--json] < lines of "<oid> <size> <name>"
#include <chrono>
#include <iostream>
#include <string>

#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/queue/transfer_queue.h"

namespace lazylfs::lfs {
namespace {

class Counting final : public TransferObserver {
 public:
  void progressed(const TransferJob& /*job*/, std::int64_t bytes) override { bytes_ += bytes; }
  void finished(const TransferOutcome& outcome) override {
    if (outcome.moved) ++moved_;
    if (outcome.fault == LocalFault::missing)
      std::cout << "missing " << outcome.id.oid.hex() << '\n';
    if (outcome.fault == LocalFault::corrupt)
      std::cout << "corrupt " << outcome.id.oid.hex() << '\n';
  }
  int moved() const { return moved_; }
  std::int64_t bytes() const { return bytes_; }

 private:
  int moved_ = 0;
  std::int64_t bytes_ = 0;
};

int run(const std::string& operation, const std::string& folder, const std::string& remote) {
  init_trace_from_environment();
  Result<Repository> repository = Repository::discover(folder);
  if (!repository) {
    std::cerr << repository.error().message() << '\n';
    return 2;
  }
  const ObjectStore store = ObjectStore::of(*repository);
  Metrics metrics;
  TransferEnvironment environment(*repository, store, metrics, {});
  QueueOptions options;
  options.operation = operation == "upload" ? Operation::upload : Operation::download;
  options.remote = remote;
  Counting observer;
  std::vector<Error> errors;
  {
    TransferQueue queue(environment, options, &observer);
    for (std::string line; std::getline(std::cin, line);) {
      std::string_view rest = line;
      const Result<Oid> oid = Oid::parse(take_until(rest, ' '));
      const auto size = parse_uint(take_until(rest, ' '));
      if (!oid || !size) return 2;
      queue.add({{*oid, *size}, std::string(rest)});
    }
    errors = queue.wait();
  }
  for (const Error& error : errors) std::cerr << error.message() << '\n';
  std::cout << "moved " << observer.moved() << " objects, " << observer.bytes() << " bytes\n";
  return errors.empty() ? 0 : 2;
}

}  // namespace
}  // namespace lazylfs::lfs

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  return lazylfs::lfs::run(argv[1], argv[2], argv[3]);
}
