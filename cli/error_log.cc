#include "cli/error_log.h"

#include <ctime>
#include <vector>

#include "cli/environment_report.h"
#include "cli/help.h"
#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/url.h"

namespace lazylfs::cli {
namespace {

constexpr std::size_t kCommandLineBytesMax = 1U << 20U;

// The words that this process was started with; a URL among them loses its secrets.
std::string command_line() {
  const Result<std::string> words = read_file("/proc/self/cmdline", kCommandLineBytesMax);
  if (!words) return "git-lfs";
  std::string line;
  std::string_view rest = *words;
  for (bool first = true; !rest.empty(); first = false) {
    const std::string word(take_until(rest, '\0'));
    const bool is_url = word.find("://") != std::string::npos;
    if (!first) line += ' ';
    line += first ? base_name(word) : is_url ? redact_url(word) : word;
  }
  return line;
}

// "20260131T120000.123456789", in local time, as upstream names its logs.
std::string log_name() {
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  struct tm local {};
  ::localtime_r(&now.tv_sec, &local);
  std::string text(32, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%S", &local));
  std::string fraction = std::to_string(now.tv_nsec);
  fraction.insert(0, 9 - fraction.size(), '0');
  return text + '.' + fraction;
}

std::string utc_now() {
  std::string text = format_time(std::time(nullptr));  // 2026-01-31T12:00:00Z
  text[10] = ' ';
  text.pop_back();
  return text;
}

std::string log_text(const Workspace& workspace, const Error& error) {
  std::string text = version_line() + '\n' + git_version_line() + "\n\n$ " + command_line() + '\n';
  text += error.message() + "\n\n" + error.message() + '\n';
  text += "\nCurrent time in UTC:\n" + utc_now() + "\n\nEnvironment:\n";
  const auto lines = environment_lines(&workspace, workspace.config());
  for (const std::string& line : lines) text += line + '\n';
  for (const std::string& line : git_variables()) text += line + '\n';
  return text;
}

// Errors of the server's own (HTTP 5xx): those that upstream calls fatal.
bool is_logged(const Error& error) {
  return error.message().find("Server error") != std::string::npos;
}

}  // namespace

std::string write_error_log(Context& context, const Workspace& workspace, const Error& error) {
  const std::string& folder = workspace.store().log_folder();
  std::string path = folder + '/' + log_name() + ".log";
  const std::string text = log_text(workspace, error);
  const Result<void> made = make_folders(folder);
  const Result<void> written = made ? write_file_atomically(path, text) : made;
  if (written) return path;
  context.err << "Unable to log panic to '" << path << "': " << written.error().message() << "\n\n"
              << text;
  return "";
}

ExitCode report_panic(Context& context, const Workspace& workspace, const Error& error,
                      std::string_view told) {
  context.err << (told.empty() ? std::string_view(error.message()) : told) << '\n';
  const std::string path = write_error_log(context, workspace, error);
  if (!path.empty()) {
    context.err << "\nErrors logged to '" << path
                << "'.\nUse `git lfs logs last` to view the log.\n";
  }
  return ExitCode::fatal;
}

ExitCode report_fatal(Context& context, const Workspace& workspace, const Error& error) {
  if (is_logged(error)) return report_panic(context, workspace, error);
  context.err << error.message() << '\n';
  return ExitCode::fatal;
}

}  // namespace lazylfs::cli
