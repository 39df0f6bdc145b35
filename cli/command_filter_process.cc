#include <unistd.h>

#include <optional>

#include <malloc.h>

#include "cli/command_functions.h"
#include "cli/filter_session.h"
#include "cli/help.h"
#include "cli/meter.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/filter/filter_process.h"

namespace lazylfs::cli {
namespace {

// What is freed at the end of the heap stays up to here: else every file's buffer goes back to the
// kernel and is asked for again with the next file.
constexpr int kHeapKeptBytes = 4 << 20;

// Before 2.34, git on Windows spoilt files of 4 GiB and more.
bool warns_of_huge_files(const lfs::Config& config) {
  lazylfs::Command command;
  command.argv = {"git", "version"};
  const auto output = run_command(command);
  bool old = false;
  if (output) {
    std::string_view rest = std::string_view(output->out);
    rest.remove_prefix(std::min(rest.size(), rest.find_first_of("0123456789")));
    const auto major = parse_uint(take_until(rest, '.'));
    const auto minor = parse_uint(take_until(rest, '.'));
    old = major && minor && (*major < 2 || (*major == 2 && *minor < 34));
  }
  return config.get_bool("lfs.largefilewarning", old);
}

void print_report(Context& context, const lfs::Config& config, const lfs::FilterReport& report) {
  const auto list = [&](const std::vector<std::string>& paths) {
    for (const std::string& path : paths) context.err << '\t' << path << '\n';
  };
  const std::size_t strange = report.not_pointers.size();
  if (strange > 0) {
    context.err << "Encountered " << strange
                << (strange == 1 ? " file that should have been a pointer, but wasn't:\n"
                                 : " files that should have been pointers, but weren't:\n");
    list(report.not_pointers);
  }
  const std::size_t huge = report.huge_files.size();
  if (huge > 0 && warns_of_huge_files(config)) {
    context.err << "Encountered " << huge << (huge == 1 ? " file" : " files")
                << " that may not have been copied correctly on Windows:\n";
    list(report.huge_files);
    context.err << "\nSee: `git lfs help smudge` for more details.\n";
  }
}

}  // namespace

Result<ExitCode> run_filter_process(Context& context, const Arguments& arguments) {
  if (stdin_is_no_stream(context, "filter process")) return ExitCode::problem;
  std::optional<Meter> meter;  // outlives the session, whose threads tell it
  auto opened = TRY(FilterSession::open(context));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  FilterSession& session = *std::get<std::unique_ptr<FilterSession>>(opened);

  const std::vector<lfs::Extension> extensions =
      TRY_CONTEXT("Error cleaning Git LFS object", lfs::sorted_extensions(session.config()));
  const lfs::SmudgeRules rules = session.rules(arguments.is_set("skip"));
  if (context.show_progress) {
    meter.emplace(context, session.config(), MeterKind::download, false, MeterPlace::terminal);
  }
  ::mallopt(M_TRIM_THRESHOLD, kHeapKeptBytes);
  lfs::widen_pipe(STDIN_FILENO);
  lfs::widen_pipe(STDOUT_FILENO);
  const lfs::FilterReport report = TRY(lfs::serve_filter(
      {session.store(), extensions, rules, session.downloads(meter ? &*meter : nullptr),
       [&](const std::string& path) { return session.formerly(path); },
       session.skip_download_errors(), [&](const Error& error) { session.report_failure(error); }},
      STDIN_FILENO, STDOUT_FILENO));
  if (meter) meter->finish();
  session.store().remove_stale_temporaries();
  if (report.failed) return ExitCode::fatal;
  print_report(context, session.config(), report);
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
