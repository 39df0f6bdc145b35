// The lines are those of upstream, since people and scripts read them: a state is drawn over by the
// next on a terminal, and the last one stays with ", done." behind it. Downloads leave no line
// where nobody watches, as fetch and pull never did.
#include "cli/meter.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <unordered_map>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/guarded.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kInterval = std::chrono::milliseconds(200);
constexpr auto kQuietBefore = std::chrono::milliseconds(500);
constexpr auto kRateWindow = std::chrono::seconds(3);
constexpr std::size_t kWidthWithoutTerminal = 80;

bool draws(const Context& context, const lfs::Config& config) {
  if (is_true(env_or_empty("GIT_LFS_FORCE_PROGRESS"))) return true;
  if (config.get_bool("lfs.forceprogress", false)) return true;
  return &context.out == &std::cout && ::isatty(STDOUT_FILENO) == 1;
}

std::size_t terminal_width() {
  winsize size{};
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col != 0) return size.ws_col;
  }
  return kWidthWithoutTerminal;
}

std::string_view verb(MeterKind kind) {
  switch (kind) {
    case MeterKind::upload:
      return "Uploading";
    case MeterKind::download:
      return "Downloading";
    case MeterKind::checkout:
      return "Checking out";
  }
  return "";
}

std::string_view log_word(MeterKind kind) {
  switch (kind) {
    case MeterKind::upload:
      return "upload";
    case MeterKind::download:
      return "download";
    case MeterKind::checkout:
      return "checkout";
  }
  return "";
}

// The file that GIT_LFS_PROGRESS names; none when it cannot be used, which is said once.
Fd open_log(Context& context) {
  const std::string path = env_or_empty("GIT_LFS_PROGRESS");
  if (path.empty()) return {};
  if (path[0] != '/') {
    context.err << "Error creating progress logger: GIT_LFS_PROGRESS must be an absolute path\n";
    return {};
  }
  (void)make_folders(parent_path(path)).has_value();  // opening it says what is wrong
  Result<Fd> file = open_file(path, O_WRONLY | O_CREAT | O_APPEND);
  if (file) return std::move(*file);
  context.err << "Error creating progress logger: " << file.error().message() << '\n';
  return {};
}

}  // namespace

class Meter::Impl {
 public:
  Impl(Context& context, const lfs::Config& config, MeterKind kind, bool dry_run, MeterPlace place)
      : out_(place == MeterPlace::terminal ? context.err : context.out),
        kind_(kind),
        draws_(!dry_run &&
               (place == MeterPlace::terminal ? context.show_progress : draws(context, config))),
        silent_(dry_run),
        must_last_(place == MeterPlace::terminal) {
    if (must_last_) state_.lock()->drawn = Clock::now() + kQuietBefore;
    if (!dry_run && !must_last_) state_.lock()->log = open_log(context);
  }

  void expect(const lfs::TransferJob& job) {
    auto state = state_.lock();
    add(*state, job);
    draw(*state, false);
  }

  void skip(const lfs::TransferJob& job) {
    auto state = state_.lock();
    File& file = add(*state, job);
    finish_file(*state, file, job.id.size);
    draw(*state, false);
  }

  void progress(const lfs::TransferJob& job, std::int64_t bytes) {
    auto state = state_.lock();
    File& file = add(*state, job);
    if (file.number == 0) file.number = ++state->started;
    file.done = std::max<std::int64_t>(0, file.done + bytes);
    state->bytes = std::max<std::int64_t>(0, state->bytes + bytes);
    log(*state, job, file);
    draw(*state, false);
  }

  void finish(const lfs::TransferOutcome& outcome) {
    if (!outcome.result) return;
    auto state = state_.lock();
    const std::string name = outcome.names.empty() ? std::string() : outcome.names[0];
    const lfs::TransferJob job{outcome.id, name};
    File& file = add(*state, job);
    if (file.number == 0) file.number = ++state->started;
    finish_file(*state, file, outcome.id.size);
    log(*state, job, file);
    draw(*state, false);
  }

  void end() {
    auto state = state_.lock();
    if (silent_ || state->ended || state->files.empty()) return;
    state->ended = true;
    if (kind_ == MeterKind::download && !draws_) return;
    if (must_last_ && !state->was_drawn) return;
    if (draws_) draw(*state, true);
    out_ << text(*state) << ", done.\n" << std::flush;
  }

 private:
  struct File {
    std::uint64_t number = 0;  // the order in which files began to move
    std::int64_t done = 0;
    bool finished = false;
    Clock::time_point logged{};
    bool logged_whole = false;
  };
  struct State {
    std::unordered_map<std::string, File> files;  // by object, and by name for a checkout
    std::uint64_t started = 0, finished = 0;
    std::int64_t bytes = 0;
    Clock::time_point drawn{}, sampled = Clock::now();
    std::int64_t sampled_bytes = 0;
    double rate = 0;
    bool ended = false, was_drawn = false;
    Fd log;
  };

  File& add(State& state, const lfs::TransferJob& job) const {
    return state.files[kind_ == MeterKind::checkout ? job.name : job.id.oid.hex()];
  }

  static void finish_file(State& state, File& file, std::uint64_t size) {
    if (file.finished) return;
    file.finished = true;
    ++state.finished;
    // Objects that came from another place than the network did not tell of their bytes.
    const std::int64_t rest = static_cast<std::int64_t>(size) - file.done;
    file.done += rest;
    state.bytes += rest;
  }

  std::string text(const State& state) const {
    const double share = 100.0 * static_cast<double>(state.finished) /
                         static_cast<double>(std::max<std::size_t>(1, state.files.size()));
    std::array<char, 16> percentage{};
    std::snprintf(percentage.data(), percentage.size(), "%3.0f%%", share);
    return std::string(verb(kind_)) + " LFS objects: " + percentage.data() + " (" +
           std::to_string(state.finished) + '/' + std::to_string(state.files.size()) + "), " +
           format_size(static_cast<std::uint64_t>(state.bytes)) + " | " +
           format_size(static_cast<std::uint64_t>(state.rate)) + "/s";
  }

  void draw(State& state, bool always) {
    const Clock::time_point now = Clock::now();
    if (now - state.sampled >= kRateWindow) {
      const std::chrono::duration<double> elapsed = now - state.sampled;
      state.rate =
          std::max(0.0, static_cast<double>(state.bytes - state.sampled_bytes) / elapsed.count());
      state.sampled = now;
      state.sampled_bytes = state.bytes;
    }
    if (!draws_ || (!always && now - state.drawn < kInterval)) return;
    state.drawn = now;
    state.was_drawn = true;
    std::string line = text(state);
    line.resize(std::max(line.size(), terminal_width()), ' ');
    out_ << line << '\r' << std::flush;
  }

  void log(State& state, const lfs::TransferJob& job, File& file) const {
    if (!state.log || file.logged_whole) return;
    const Clock::time_point now = Clock::now();
    const bool whole = file.done == static_cast<std::int64_t>(job.id.size);
    if (!whole && now - file.logged < kInterval) return;
    file.logged = now;
    file.logged_whole = whole;
    const std::string line = std::string(log_word(kind_)) + ' ' + std::to_string(file.number) +
                             '/' + std::to_string(state.files.size()) + ' ' +
                             std::to_string(file.done) + '/' + std::to_string(job.id.size) + ' ' +
                             job.name + '\n';
    if (!write_all(state.log.get(), line)) state.log.reset();
  }

  std::ostream& out_;
  const MeterKind kind_;
  const bool draws_, silent_, must_last_;
  Guarded<State> state_;
};

Meter::Meter(Context& context, const lfs::Config& config, MeterKind kind, bool dry_run,
             MeterPlace place)
    : impl_(std::make_unique<Impl>(context, config, kind, dry_run, place)) {}
Meter::~Meter() = default;

void Meter::expected(const lfs::TransferJob& job) { impl_->expect(job); }
void Meter::skipped(const lfs::TransferJob& job) { impl_->skip(job); }
void Meter::progressed(const lfs::TransferJob& job, std::int64_t bytes) {
  impl_->progress(job, bytes);
}
void Meter::finished(const lfs::TransferOutcome& outcome) { impl_->finish(outcome); }
void Meter::finish() { impl_->end(); }

}  // namespace lazylfs::cli
