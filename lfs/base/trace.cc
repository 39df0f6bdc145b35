#include "lfs/base/trace.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <ctime>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"

namespace lazylfs {
namespace {

// The trace mask and where lines go: set once by init, before any thread starts.
std::atomic<std::uint32_t> trace_mask{0};
std::atomic<int> trace_fd{STDERR_FILENO};
std::atomic<LogLevel> log_level{LogLevel::info};

struct AreaName {
  std::string_view name;
  TraceArea area;
};
constexpr std::array<AreaName, 6> kAreas = {{{"http", TraceArea::http},
                                             {"fuse", TraceArea::fuse},
                                             {"cache", TraceArea::cache},
                                             {"git", TraceArea::git},
                                             {"transfer", TraceArea::transfer},
                                             {"auth", TraceArea::auth}}};

void enable(TraceArea area) { trace_mask |= static_cast<std::uint32_t>(area); }

// 1, 2 and true mean stderr; 3 to 9 an open descriptor; an absolute path a file.
void choose_output(const std::string& value) {
  if (value.size() == 1 && value[0] >= '3' && value[0] <= '9') {
    trace_fd = value[0] - '0';
  } else if (!value.empty() && value[0] == '/') {
    Result<Fd> file = open_file(value, O_WRONLY | O_CREAT | O_APPEND);
    if (file) trace_fd = file->release();
  }
}

std::string timestamp() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::tm parts{};
  ::localtime_r(&now.tv_sec, &parts);
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%02d:%02d:%02d.%06ld", parts.tm_hour, parts.tm_min,
                parts.tm_sec, now.tv_nsec / 1000);
  return buffer.data();
}

}  // namespace

void init_trace_from_environment() {
  const std::string ours = to_lower(env_or_empty("LAZYLFS_TRACE"));
  if (env_is_on("GIT_TRACE")) {
    enable(TraceArea::general);
    choose_output(env_or_empty("GIT_TRACE"));
  }
  if (env_is_on("GIT_TRANSFER_TRACE")) {
    enable(TraceArea::general);
    enable(TraceArea::transfer);
  }
  if (env_is_on("GIT_CURL_VERBOSE")) {
    enable(TraceArea::general);
    enable(TraceArea::curl);
  }
  for (const std::string_view part : split(ours, ',')) {
    for (const AreaName& entry : kAreas) {
      if (trim(part) == entry.name || trim(part) == "all") enable(entry.area);
    }
  }
  const std::string level = to_lower(env_or_empty("LAZYLFS_LOG"));
  if (level == "error") set_log_level(LogLevel::error);
  if (level == "warning") set_log_level(LogLevel::warning);
  if (level == "debug") set_log_level(LogLevel::debug);
}

bool trace_enabled(TraceArea area) {
  return (trace_mask.load(std::memory_order_relaxed) & static_cast<std::uint32_t>(area)) != 0;
}

void trace_line(std::string_view text) {
  const std::string line = timestamp() + " trace git-lfs: " + std::string(text) + "\n";
  (void)write_all(trace_fd, line).has_value();  // a trace that cannot be written is lost
}

void verbose_line(std::string_view text) {
  (void)write_all(STDERR_FILENO, std::string(text) + "\n").has_value();
}

void log_line(LogLevel level, std::string_view text) {
  constexpr std::array<std::string_view, 4> kNames = {"error", "warning", "info", "debug"};
  if (level > log_level.load(std::memory_order_relaxed)) return;
  const std::string line = timestamp() + ' ' +
                           std::string(kNames.at(static_cast<std::size_t>(level))) + ' ' +
                           std::string(text) + "\n";
  (void)write_all(STDERR_FILENO, line).has_value();
}

void set_log_level(LogLevel level) { log_level = level; }

}  // namespace lazylfs
