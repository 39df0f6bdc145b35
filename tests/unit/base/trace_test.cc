#include "lfs/base/trace.h"

#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "lfs/base/files.h"

namespace lazylfs {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

// The trace mask only grows within a process, so each test runs its body in a child.
template <typename Body>
void in_child(Body body) {
  EXPECT_EXIT(
      {
        body();
        ::_exit(0);
      },
      testing::ExitedWithCode(0), "");
}

void set(const char* name, const std::string& value) {
  ::setenv(name, value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
}

TEST(TraceDeathTest, NothingIsTracedUnasked) {
  in_child([] {
    init_trace_from_environment();
    for (const TraceArea area : {TraceArea::general, TraceArea::http, TraceArea::auth}) {
      if (trace_enabled(area)) ::_exit(1);
    }
    bool evaluated = false;
    TRACE(TraceArea::http, (evaluated = true));
    if (evaluated) ::_exit(2);
  });
}

TEST(TraceDeathTest, AreasAreNamedInAList) {
  in_child([] {
    set("LAZYLFS_TRACE", "Fuse, git");
    init_trace_from_environment();
    const bool right = trace_enabled(TraceArea::fuse) && trace_enabled(TraceArea::git) &&
                       !trace_enabled(TraceArea::http) && !trace_enabled(TraceArea::general);
    if (!right) ::_exit(1);
  });
}

TEST(TraceDeathTest, GitsVariablesAreUnderstood) {
  in_child([] {
    set("GIT_TRACE", "0");
    set("GIT_CURL_VERBOSE", "1");
    init_trace_from_environment();
    const bool right = trace_enabled(TraceArea::curl) && trace_enabled(TraceArea::general) &&
                       !trace_enabled(TraceArea::transfer);
    if (!right) ::_exit(1);
  });
}

TEST(TraceDeathTest, AnAbsolutePathCollectsTheLines) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("lazylfs-trace-" + std::to_string(::getpid())))
          .string();
  in_child([&] {
    set("GIT_TRACE", path);
    init_trace_from_environment();
    TRACE(TraceArea::general, "HTTP: " << 7);
    TRACE(TraceArea::http, "not wanted");
  });
  const Result<std::string> text = read_file(path, 10000);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, ContainsRegex("^[0-9:]+\\.[0-9]+ trace git-lfs: HTTP: 7\n$"));
  std::filesystem::remove(path);
}

TEST(Log, LinesBelowTheLevelAreDropped) {
  testing::internal::CaptureStderr();
  log_line(LogLevel::info, "shown");
  log_line(LogLevel::debug, "hidden");
  set_log_level(LogLevel::error);
  log_line(LogLevel::warning, "dropped");
  set_log_level(LogLevel::info);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr(" info shown\n"));
  EXPECT_THAT(text, Not(HasSubstr("hidden")));
  EXPECT_THAT(text, Not(HasSubstr("dropped")));
}

}  // namespace
}  // namespace lazylfs
