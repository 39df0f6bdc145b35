// <lfs>/logs: what went wrong, kept for a report.
#pragma once

#include <string>

#include "cli/workspace.h"

namespace lazylfs::cli {

// Writes a log about `error` and returns its path; when it cannot be written, it goes to
// context.err and the path is empty. Secrets of the command line and environment are left out.
std::string write_error_log(Context& context, const Workspace& workspace, const Error& error);

}  // namespace lazylfs::cli
