// Time and memory of trees of real repositories: fs_tree_bench [files in the small, in the large].
// Prints one line a measure. Not a test: nothing is asserted.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include "fs/tree_impl.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"

namespace lazylfs::fs {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// "RssAnon" of this process in MiB: without mapped pack files.
double resident_mib(const std::string& key) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (!line.starts_with(key)) continue;
    std::string_view rest = trim(std::string_view(line).substr(key.size() + 1));
    return static_cast<double>(parse_int(take_until(rest, ' ')).value_or(0)) / 1024;
  }
  return 0;
}

std::string temporary_folder() {
  std::string pattern = "/tmp/lazylfs-bench-XXXXXX";
  return mkdtemp(pattern.data());
}

void run(const std::string& folder, const std::vector<std::string>& argv, std::string_view input) {
  Command command;
  command.argv = argv;
  command.folder = folder;
  RunOptions options;
  options.input = input;
  const Result<std::string> out = run_command_checked(command, options);
  if (!out) {
    std::fprintf(stderr, "%s\n", out.error().message().c_str());
    std::exit(1);
  }
}

std::string pointer(std::size_t number) {
  std::string hex(64, 'a');
  const std::string digits = std::to_string(number);
  hex.replace(0, digits.size(), digits);
  return "version https://git-lfs.github.com/spec/v1\noid sha256:" + hex + "\nsize 1234567\n";
}

// One commit of `files` pointers, `per_folder` to a folder, by git fast-import.
std::string make_repository(std::size_t files, std::size_t per_folder) {
  std::string folder = temporary_folder();
  run(folder, {"git", "init", "-q", "-b", "main"}, {});
  std::string input;
  const auto data = [&](const std::string& text) {
    input += "data " + std::to_string(text.size()) + "\n" + text + "\n";
  };
  for (std::size_t i = 0; i < files; ++i) {
    input += "blob\nmark :" + std::to_string(i + 1) + "\n";
    data(pointer(i));
  }
  input += "commit refs/heads/main\ncommitter a <a@example.org> 1700000000 +0000\n";
  data("x");
  input += "M 100644 inline .gitattributes\n";
  data("*.bin filter=lfs diff=lfs merge=lfs -text\n");
  for (std::size_t i = 0; i < files; ++i) {
    const std::size_t of_folder = i / per_folder;
    input += "M 100644 :" + std::to_string(i + 1) + " d" + std::to_string(of_folder / 100) + "/e" +
             std::to_string(of_folder % 100) + "/file_" + std::to_string(i) + ".bin\n";
  }
  run(folder, {"git", "fast-import", "--quiet"}, input);
  return folder;
}

void measure(std::size_t files, std::size_t per_folder) {
  const std::string folder = make_repository(files, per_folder);
  std::printf("%zu files, %zu to a folder\n", files, per_folder);
  {
    const Result<lfs::Repository> repository = lfs::Repository::discover(folder);
    const Result<lfs::Commit> commit = repository->resolve_commit("main");
    const double before = resident_mib("RssAnon");
    auto start = Clock::now();
    const std::unique_ptr<TreeImpl> tree = *TreeImpl::open(*repository, *commit, {});
    (void)tree->attributes(tree->lookup(kRootInode, "d0")->ino);
    std::printf("  open and first look-up   %8.2f ms\n", ms_since(start));
    start = Clock::now();
    std::thread([&] { tree->preload([] { return false; }); }).join();
    std::printf("  load all folders         %8.2f ms\n", ms_since(start));
    std::printf("  RssAnon, growth          %8.2f MiB (all: %.2f)\n",
                resident_mib("RssAnon") - before, resident_mib("VmRSS"));
    start = Clock::now();
    const TreeImpl::Live live = tree->sweep_and_count();
    std::printf("  sweep                    %8.2f ms\n", ms_since(start));
    std::printf("  nodes                    %8.2f MiB, %zu contents, %zu folders\n",
                static_cast<double>(live.memory_bytes) / 1048576, live.contents, live.folders);

    const InodeNumber e = tree->lookup(tree->lookup(kRootInode, "d0")->ino, "e0")->ino;
    std::vector<std::string> names;
    const auto collect = [&](std::string_view name, const Attributes&, std::uint64_t) {
      names.emplace_back(name);
      return true;
    };
    (void)tree->read_folder(e, 0, collect);
    start = Clock::now();
    std::size_t count = 0;
    while (count < 1000000) {
      for (const std::string& name : names) (void)tree->lookup(e, name);
      count += names.size();
    }
    std::printf("  look-up                  %8.3f us\n",
                ms_since(start) * 1000 / static_cast<double>(count));
    start = Clock::now();
    count = 0;
    while (count < 1000000) {
      (void)tree->read_folder(
          e, 0, [&](std::string_view, const Attributes&, std::uint64_t) { return ++count, true; });
    }
    std::printf("  entry of a folder        %8.3f us\n",
                ms_since(start) * 1000 / static_cast<double>(count));
  }
  run("/", {"rm", "-rf", folder}, {});
}

}  // namespace
}  // namespace lazylfs::fs

int main(int argc, char** argv) {
  const auto count = [&](int at, std::size_t otherwise) {
    return argc > at ? lazylfs::parse_uint(argv[at]).value_or(otherwise) : otherwise;
  };
  lazylfs::fs::measure(count(1, 5200), 5200);
  lazylfs::fs::measure(count(2, 1000000), 100);
}
