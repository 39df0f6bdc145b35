// push: what the remote lacks of given refs, or given objects.
#include <sys/stat.h>

#include <string>

#include "cli/command_functions.h"
#include "cli/object_fetch.h"
#include "cli/object_push.h"

namespace lazylfs::cli {
namespace {

constexpr std::size_t kShortestOid = 4;  // enough for the folders that it lies in

ExitCode nothing_to_do(Context& context, std::string_view why) {
  context.out << why << '\n';
  return ExitCode::problem;
}

Result<ExitCode> push_objects(Context& context, Workspace& workspace, const std::string& remote,
                              const std::vector<std::string>& words, bool dry_run) {
  std::vector<ObjectId> objects;
  for (const std::string& word : words) {
    if (word.size() < kShortestOid) {
      context.err << "Unable to find local media path:: too short object ID: \"" << word << "\"\n";
      return ExitCode::fatal;
    }
    const std::string path = workspace.store().folder() + "/objects/" + word.substr(0, 2) + '/' +
                             word.substr(2, 2) + '/' + word;
    const Result<Oid> oid = Oid::parse(word);
    struct stat status {};
    if (!oid || ::stat(path.c_str(), &status) != 0) {
      context.err << "Unable to stat local media path: stat " << path
                  << ": no such file or directory\n";
      return ExitCode::fatal;
    }
    objects.push_back({*oid, static_cast<std::uint64_t>(status.st_size)});
  }
  return ObjectPush(context, workspace, remote, dry_run).push_objects(objects);
}

// The refs to push: those named, or every local branch and tag. A name that is no commit has
// nothing to push.
std::vector<RefUpdate> find_updates(const Workspace& workspace, const std::string& remote,
                                    const std::vector<std::string>& words) {
  const lfs::Repository& repository = workspace.repository();
  std::vector<RefUpdate> updates;
  const auto add = [&](std::string name, const lfs::GitOid& commit) {
    RefUpdate update;
    update.remote_name = remote_ref_name(workspace.config(), remote, name);
    update.name = std::move(name);
    update.commit = commit;
    updates.push_back(std::move(update));
  };
  if (words.empty()) {
    for (const lfs::RefName& ref : repository.refs()) {
      if (!ref.name.starts_with("refs/remotes/")) add(ref.name, ref.target);
    }
    return updates;
  }
  for (const std::string& word : words) {
    const Result<NamedRef> ref = find_ref(repository, word);
    if (ref) add(ref->full_name, ref->commit.oid);
  }
  return updates;
}

}  // namespace

Result<ExitCode> run_push(Context& context, const Arguments& arguments) {
  auto opened = TRY(Workspace::open(context, Need::repository, false));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Workspace& workspace = *std::get<std::unique_ptr<Workspace>>(opened);
  if (arguments.positional.empty()) {
    context.err << "Specify a remote and a remote branch name (`git lfs push origin main`)\n";
    return ExitCode::fatal;
  }
  const std::string& remote = arguments.positional[0];
  const std::string complaint = remote_complaint(workspace.config(), remote);
  if (!complaint.empty()) {
    context.err << complaint << '\n';
    return ExitCode::fatal;
  }
  std::vector<std::string> words(arguments.positional.begin() + 1, arguments.positional.end());
  if (arguments.is_set("stdin")) {
    if (!words.empty()) {
      return nothing_to_do(context, "Further command line arguments are ignored with --stdin");
    }
    words = read_stdin_lines();
  }
  const bool dry_run = arguments.is_set("dry-run");
  if (arguments.is_set("object-id")) {
    if (words.empty()) {
      return nothing_to_do(context, "At least one object ID must be supplied with --object-id");
    }
    return push_objects(context, workspace, remote, words, dry_run);
  }
  const bool all = arguments.is_set("all");
  if (words.empty() && !all) {
    return nothing_to_do(context, "At least one ref must be supplied without --all");
  }
  const std::vector<RefUpdate> updates = find_updates(workspace, remote, words);
  return ObjectPush(context, workspace, remote, dry_run).push(updates, all);
}

}  // namespace lazylfs::cli
