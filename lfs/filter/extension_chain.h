// Several programs connected by pipes, with a SHA-256 taken of what goes into and out of each.
#pragma once

#include <string>
#include <vector>

#include "lfs/base/oid.h"
#include "lfs/base/result.h"
#include "lfs/filter/stream.h"

namespace lazylfs::lfs {

struct ChainStage {
  std::string name;               // of the extension, for messages
  std::vector<std::string> argv;  // the program is searched in PATH
};

struct ChainDigests {
  Oid input;
  std::vector<Oid> outputs;  // one a stage
};

// Runs all stages at once: `input` goes into the first, what the last prints goes to `output`.
// `input` is read to its end whatever happens. An error when a stage cannot start or fails, with
// what it printed to stderr; `output` has then seen bytes that must not be used. `input` is read
// from another thread, never after the call.
Result<ChainDigests> run_chain(const std::vector<ChainStage>& stages, ByteInput& input,
                               ByteOutput& output);

}  // namespace lazylfs::lfs
