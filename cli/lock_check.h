// Which of the files that a push sends are locked: asked once a remote ref, before anything moves.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "cli/workspace.h"
#include "lfs/locks/lock_client.h"

namespace lazylfs::cli {

// Thread-compatible.
class LockCheck {
 public:
  LockCheck(Context& context, Workspace& workspace, std::string remote);

  // Asks for the locks of `ref` (full name). An exit code when the push must not go on; then it was
  // said why.
  std::optional<ExitCode> ask(const std::string& ref);
  // A file that is going to be pushed; false when somebody else holds it.
  bool may_push(const std::string& path);
  // A file without a pointer: git pushes it, but it may be locked all the same.
  void meet_other_file(const std::string& path);
  // What the push met, in upstream's words; fatal when it has to fail.
  ExitCode report();

 private:
  enum class Mode { off, unknown, on };
  struct Held {
    std::string owner;
    std::set<std::string> refs;
  };
  std::optional<ExitCode> failed(const Error& error);

  Context& context_;
  Workspace& workspace_;
  const std::string remote_;
  std::string url_;
  Mode mode_ = Mode::unknown;
  std::set<std::string> asked_;
  std::map<std::string, Held> ours_, theirs_;
  std::set<std::string> met_ours_, met_theirs_;
};

}  // namespace lazylfs::cli
