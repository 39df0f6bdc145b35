// standalone-file: the agent for file:// remotes, for other clients of this repository.
#include <unistd.h>

#include "cli/command_functions.h"
#include "lfs/git/repository.h"
#include "lfs/queue/standalone_file.h"

namespace lazylfs::cli {

Result<ExitCode> run_standalone_file(Context& /*context*/, const Arguments& /*arguments*/) {
  const lfs::Repository repository = TRY(lfs::Repository::discover(""));
  TRY(lfs::serve_standalone_file(repository, STDIN_FILENO, STDOUT_FILENO));
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
