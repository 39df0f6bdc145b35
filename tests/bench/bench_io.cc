// The readers that the benchmarks time: small, so that what is measured is the file system.
//
//   bench-io seq FILE [BLOCK]            whole file, read(2): "bytes seconds"
//   bench-io rand FILE COUNT SEED        COUNT pread(2)s of 4 KiB: "count seconds median_us p99_us"
//   bench-io mmap FILE                   touches every page in order: "bytes seconds"
//   bench-io first FILE OFFSET           one byte: "1 seconds"
//   bench-io small THREADS FILE-LIST     open + read + close of each file: "files seconds bytes"
//   bench-io stat FILE-LIST              lstat of each file: "files seconds"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lfs/base/fd.h"
#include "lfs/base/text.h"

namespace lazylfs {
namespace {

using Clock = std::chrono::steady_clock;
using Arguments = std::vector<std::string>;

constexpr std::uint64_t kPage = 4096;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::uint64_t argument(const Arguments& arguments, std::size_t index, std::uint64_t fallback) {
  return index < arguments.size() ? parse_uint(arguments[index]).value_or(fallback) : fallback;
}

std::uint64_t file_size(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::vector<std::string> read_list(const std::string& path) {
  std::vector<std::string> names;
  std::ifstream list(path);
  for (std::string line; std::getline(list, line);) names.push_back(line);
  return names;
}

Result<void> read_sequentially(const Arguments& arguments) {
  std::vector<std::byte> buffer(argument(arguments, 1, 128U * 1024));
  const auto start = Clock::now();
  const Fd file = TRY(open_file(arguments[0], O_RDONLY));
  std::uint64_t total = 0;
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0) return Error::from_errno("read " + arguments[0], errno);
    if (got == 0) break;
    total += static_cast<std::uint64_t>(got);
  }
  std::printf("%llu %.6f\n", static_cast<unsigned long long>(total), seconds_since(start));
  return {};
}

Result<void> read_randomly(const Arguments& arguments) {
  const Fd file = TRY(open_file(arguments[0], O_RDONLY));
  const std::uint64_t pages = std::max<std::uint64_t>(1, file_size(file.get()) / kPage);
  std::mt19937_64 random(argument(arguments, 2, 1));
  std::vector<std::byte> buffer(kPage);
  std::vector<double> latencies_us;
  const std::uint64_t count = argument(arguments, 1, 100);
  const auto start = Clock::now();
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto before = Clock::now();
    TRY(pread_full(file.get(), buffer, random() % pages * kPage));
    latencies_us.push_back(1e6 * seconds_since(before));
  }
  const double elapsed = seconds_since(start);
  std::sort(latencies_us.begin(), latencies_us.end());
  std::printf("%llu %.6f %.1f %.1f\n", static_cast<unsigned long long>(count), elapsed,
              latencies_us[latencies_us.size() / 2], latencies_us[latencies_us.size() * 99 / 100]);
  return {};
}

Result<void> touch_mapping(const Arguments& arguments) {
  const Fd file = TRY(open_file(arguments[0], O_RDONLY));
  const std::uint64_t size = file_size(file.get());
  const auto start = Clock::now();
  void* mapping = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (mapping == MAP_FAILED) return Error::from_errno("mmap " + arguments[0], errno);
  const auto* bytes = static_cast<const volatile unsigned char*>(mapping);
  unsigned sum = 0;
  for (std::uint64_t i = 0; i < size; i += kPage) sum += bytes[i];
  std::printf("%llu %.6f %u\n", static_cast<unsigned long long>(size), seconds_since(start), sum);
  ::munmap(mapping, size);
  return {};
}

Result<void> read_first_byte(const Arguments& arguments) {
  const auto start = Clock::now();
  const Fd file = TRY(open_file(arguments[0], O_RDONLY));
  std::byte one{};
  TRY(pread_full(file.get(), {&one, 1}, argument(arguments, 1, 0)));
  std::printf("1 %.6f\n", seconds_since(start));
  return {};
}

Result<void> read_small_files(const Arguments& arguments) {
  const std::vector<std::string> names = read_list(arguments.at(1));
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> total{0};
  std::atomic<bool> failed{false};
  const auto start = Clock::now();
  {
    std::vector<std::jthread> readers;
    for (std::uint64_t i = 0; i < argument(arguments, 0, 1); ++i) {
      readers.emplace_back([&] {
        std::vector<std::byte> buffer(256U * 1024);
        for (std::size_t at = next++; at < names.size(); at = next++) {
          const Result<Fd> file = open_file(names[at], O_RDONLY);
          const ssize_t got = file ? ::read(file->get(), buffer.data(), buffer.size()) : -1;
          if (got < 0)
            failed = true;
          else
            total += static_cast<std::uint64_t>(got);
        }
      });
    }
  }
  if (failed) return Error(Errc::io, "a file could not be read");
  std::printf("%zu %.6f %llu\n", names.size(), seconds_since(start),
              static_cast<unsigned long long>(total.load()));
  return {};
}

Result<void> stat_files(const Arguments& arguments) {
  const std::vector<std::string> names = read_list(arguments[0]);
  const auto start = Clock::now();
  struct stat status {};
  for (const std::string& name : names) {
    if (::lstat(name.c_str(), &status) != 0) return Error::from_errno("stat " + name, errno);
  }
  std::printf("%zu %.6f\n", names.size(), seconds_since(start));
  return {};
}

}  // namespace
}  // namespace lazylfs

int main(int argc, char** argv) {
  using namespace lazylfs;
  const std::map<std::string_view, std::function<Result<void>(const Arguments&)>> kReaders = {
      {"seq", read_sequentially}, {"rand", read_randomly},     {"mmap", touch_mapping},
      {"first", read_first_byte}, {"small", read_small_files}, {"stat", stat_files}};
  const auto found = argc > 2 ? kReaders.find(argv[1]) : kReaders.end();
  if (found == kReaders.end()) {
    std::fprintf(stderr, "usage: bench-io seq|rand|mmap|first|small|stat ...\n");
    return 127;
  }
  const Result<void> done = found->second(Arguments(argv + 2, argv + argc));
  if (done) return 0;
  std::fprintf(stderr, "bench-io: %s\n", done.error().message().c_str());
  return 2;
}
