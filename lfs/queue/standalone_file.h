// The agent for file:// remotes as a program of its own: lines of JSON on stdin and stdout.
#pragma once

#include "lfs/base/result.h"
#include "lfs/git/repository.h"

namespace lazylfs::lfs {

// Serves until "terminate" or the end of `in`. What fails for one object is told in its answer; an
// Error means that there is nobody to go on with.
Result<void> serve_standalone_file(const Repository& repository, int in, int out);

}  // namespace lazylfs::lfs
