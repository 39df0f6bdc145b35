#include <unistd.h>

#include "cli/command_functions.h"
#include "cli/filter_session.h"
#include "lfs/base/text.h"
#include "lfs/filter/progress_file.h"
#include "lfs/filter/smudge.h"

namespace lazylfs::cli {
namespace {

// The content of `pointer` on stdout, downloaded first when it is not here.
Result<void> write_content(Context& context, FilterSession& session, const lfs::Pointer& pointer,
                           const std::string& path) {
  const std::vector<lfs::Extension> extensions = lfs::all_extensions(session.config());
  Result<lfs::ProgressFile> progress = lfs::ProgressFile::open("download", path, pointer.size);
  if (!progress) context.err << progress.error().message() << '\n';

  std::string object;
  if (auto found = session.store().find(pointer.id())) {
    object = std::move(*found);
  } else {
    context.err << "Downloading " << path << " (" << format_size(pointer.size) << ")\n";
    context.err.flush();
    Result<std::string> fetched = session.downloads(nullptr).fetch({pointer.id(), path});
    if (!fetched) return lfs::download_failure(pointer, path, fetched.error());
    object = std::move(*fetched);
  }
  lfs::widen_pipe(STDOUT_FILENO);
  lfs::FdOutput output(STDOUT_FILENO);
  if (!progress) {
    return lfs::write_object(pointer, object, session.store(), extensions, path, output);
  }
  lfs::CountedOutput counted(output, *progress);
  TRY(lfs::write_object(pointer, object, session.store(), extensions, path, counted));
  progress->finish();
  return {};
}

}  // namespace

Result<ExitCode> run_smudge(Context& context, const Arguments& arguments) {
  if (stdin_is_no_stream(context, "'smudge' filter")) return ExitCode::problem;
  auto opened = TRY(FilterSession::open(context));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  FilterSession& session = *std::get<std::unique_ptr<FilterSession>>(opened);

  const std::string path = arguments.positional.empty() || arguments.positional[0].empty()
                               ? "<unknown file>"
                               : arguments.positional[0];
  lfs::FdInput input(STDIN_FILENO);
  const lfs::PointerFront front = TRY(lfs::read_pointer_front(input));
  if (!front.pointer) {
    TRY(write_all(STDOUT_FILENO, front.text));
    lfs::FdOutput output(STDOUT_FILENO);
    TRY(lfs::copy_stream(input, output));
    context.err << "Pointer file error: Unable to parse pointer at: \"" << path << "\"\n";
    return ExitCode::ok;
  }
  const std::string text = lfs::format_pointer(*front.pointer);
  if (!session.rules(arguments.is_set("skip")).wants(path)) {
    TRY(write_all(STDOUT_FILENO, text));
    return ExitCode::ok;
  }
  const Result<void> written = write_content(context, session, *front.pointer, path);
  if (!written) {
    TRY(write_all(STDOUT_FILENO, text));
    session.report_failure(lfs::smudge_failure(*front.pointer, path, written.error()));
    if (!session.skip_download_errors()) return ExitCode::fatal;
  }
  session.store().remove_stale_temporaries();
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
