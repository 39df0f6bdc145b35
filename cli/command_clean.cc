#include <unistd.h>

#include "cli/command_functions.h"
#include "cli/filter_session.h"
#include "lfs/filter/clean.h"
#include "lfs/filter/progress_file.h"

namespace lazylfs::cli {

Result<ExitCode> run_clean(Context& context, const Arguments& arguments) {
  if (stdin_is_no_stream(context, "'clean' filter")) return ExitCode::problem;
  auto opened = TRY(FilterSession::open(context));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  const auto& session = std::get<std::unique_ptr<FilterSession>>(opened);

  const std::string path = arguments.positional.empty() ? "" : arguments.positional[0];
  const std::vector<lfs::Extension> extensions =
      TRY_CONTEXT("Error cleaning Git LFS object", lfs::sorted_extensions(session->config()));
  Result<lfs::ProgressFile> progress = lfs::ProgressFile::open("clean", path, std::nullopt);
  if (!progress) context.err << progress.error().message() << '\n';

  lfs::widen_pipe(STDIN_FILENO);
  lfs::FdInput input(STDIN_FILENO);
  const auto formerly = [&] { return session->formerly(path); };
  Result<lfs::Cleaned> cleaned = Error(Errc::cancelled, "");
  if (progress) {
    lfs::CountedInput counted(input, *progress);
    cleaned = lfs::clean(counted, session->store(), extensions, path, formerly);
    progress->finish();
  } else {
    cleaned = lfs::clean(input, session->store(), extensions, path, formerly);
  }
  if (!cleaned) {
    if (cleaned.error().code() == Errc::exists) return cleaned.error();
    return cleaned.error().with_context("Error cleaning Git LFS object");
  }
  TRY(write_all(STDOUT_FILENO, cleaned->text));
  session->store().remove_stale_temporaries();
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
