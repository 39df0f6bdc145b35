// Tracing: GIT_TRACE, GIT_TRANSFER_TRACE and GIT_CURL_VERBOSE as git-lfs users know them, and our
// own LAZYLFS_TRACE=fuse,http,cache,git,transfer,auth|all. Never prints a secret: callers redact
// at the source (see redact_url and redact_header in url.h).
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>

namespace lazylfs {

enum class TraceArea : std::uint32_t {
  general = 1U << 0U,   // GIT_TRACE
  transfer = 1U << 1U,  // GIT_TRANSFER_TRACE
  curl = 1U << 2U,      // GIT_CURL_VERBOSE
  http = 1U << 3U,
  fuse = 1U << 4U,
  cache = 1U << 5U,
  git = 1U << 6U,
  auth = 1U << 7U,
};

// Reads the environment; call once at the start of main. Without the call nothing is traced.
void init_trace_from_environment();

bool trace_enabled(TraceArea area);

// One line, "HH:MM:SS.uuuuuu trace git-lfs: <text>", to the descriptor or file that the
// environment names. Thread-safe.
void trace_line(std::string_view text);

// One line as it is, to stderr wherever traces go: what GIT_CURL_VERBOSE shows. Thread-safe.
void verbose_line(std::string_view text);

// The daemon's log, for events that a person should find later. Lines below the level
// (LAZYLFS_LOG=error|warning|info|debug, default info) are dropped; they go to stderr, which a
// daemon has redirected to its log file. Thread-safe.
enum class LogLevel { error, warning, info, debug };
void log_line(LogLevel level, std::string_view text);
void set_log_level(LogLevel level);

}  // namespace lazylfs

// TRACE(TraceArea::http, "HTTP: " << method << ' ' << url): the text is built only when wanted.
#define TRACE(area, text)                                \
  do {                                                   \
    if (::lazylfs::trace_enabled(area)) {                \
      std::ostringstream lazylfs_trace_stream;           \
      lazylfs_trace_stream << text; /* NOLINT */         \
      ::lazylfs::trace_line(lazylfs_trace_stream.str()); \
    }                                                    \
  } while (false)
