// Every exit code of the program. Scripts rely on them: they are never renumbered.
#pragma once

namespace lazylfs::cli {

enum class ExitCode {
  ok = 0,
  problem = 1,          // it ran, and what was asked about is wrong, missing or nothing
  fatal = 2,            // it could not do what was asked; stderr says why
  usage = 127,          // the command line itself is wrong
  no_repository = 128,  // a Git repository was needed and there is none
};

}  // namespace lazylfs::cli
