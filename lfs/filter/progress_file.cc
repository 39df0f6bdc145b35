#include "lfs/filter/progress_file.h"

#include <fcntl.h>

#include "lfs/base/files.h"
#include "lfs/base/trace.h"

namespace lazylfs::lfs {
namespace {

constexpr std::chrono::milliseconds kInterval{200};

}  // namespace

Result<ProgressFile> ProgressFile::open(std::string_view event, std::string name,
                                        std::optional<std::uint64_t> total) {
  ProgressFile progress;
  const std::string path = env_or_empty("GIT_LFS_PROGRESS");
  if (path.empty() || name.empty()) return progress;
  if (path[0] != '/') {
    return Error(Errc::invalid, "GIT_LFS_PROGRESS must be an absolute path");
  }
  TRY(make_folders(parent_path(path)));
  progress.file_ = TRY(open_file(path, O_WRONLY | O_APPEND | O_CREAT));
  progress.event_ = event;
  progress.name_ = std::move(name);
  progress.total_ = total ? std::to_string(*total) : "????";
  return progress;
}

void ProgressFile::add(std::uint64_t bytes) {
  done_ += bytes;
  if (!file_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < kInterval) return;
  last_ = now;
  print();
}

void ProgressFile::finish() {
  if (file_ && done_ != printed_) print();
}

void ProgressFile::print() {
  const std::string line =
      event_ + " 1/1 " + std::to_string(done_) + '/' + total_ + ' ' + name_ + '\n';
  const Result<void> written = write_all(file_.get(), line);
  if (!written) TRACE(TraceArea::general, "progress: " << written.error().message());
  printed_ = done_;
}

Result<std::size_t> CountedInput::read(std::span<std::byte> into) {
  const std::size_t got = TRY(input_.read(into));
  progress_.add(got);
  return got;
}

Result<void> CountedOutput::write(std::span<const std::byte> data) {
  TRY(output_.write(data));
  bytes_ += data.size();
  progress_.add(data.size());
  return {};
}

}  // namespace lazylfs::lfs
