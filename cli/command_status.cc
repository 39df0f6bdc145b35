// status: what of the work tree and the index differs from HEAD, told in terms of LFS.
#include <fcntl.h>
#include <sys/stat.h>

#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "cli/command_functions.h"
#include "cli/go_json.h"
#include "cli/workspace.h"
#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/sha256.h"
#include "lfs/base/text.h"
#include "lfs/pointer/pointer.h"
#include "lfs/scan/history_scan.h"
#include "lfs/scan/work_tree_changes.h"

namespace lazylfs::cli {
namespace {

using lfs::GitOid;
using lfs::IndexChange;

constexpr std::size_t kShortHash = 7;
constexpr std::size_t kBlobInMemoryMax = 8U << 20U;

bool is_move(const IndexChange& change) { return change.status == 'R' || change.status == 'C'; }

const std::string& name_of(const IndexChange& change) {
  return change.target.empty() ? change.source : change.target;
}

struct Side {
  std::string_view kind;  // LFS, Git, File, or ? for a blob that is not here
  std::string hash;
};

Result<std::string> hash_stream(int fd) {
  return TRY(hash_to_end(fd)).oid.hex().substr(0, kShortHash);
}

class Sides {
 public:
  explicit Sides(const lfs::Repository& repository) : repository_(repository) {}

  Result<Side> from(const IndexChange& change) const {
    return side(change.from.is_zero() ? change.to : change.from, change.source);
  }
  Result<Side> to(const IndexChange& change) const { return side(change.to, name_of(change)); }

 private:
  Result<Side> side(const GitOid& blob, const std::string& path) const {
    if (blob.is_zero()) return file(path);
    const Result<lfs::SmallBlob> small =
        repository_.read_small_blob(blob, lfs::kPointerBytesMax - 1);
    if (!small) {
      // A submodule's commit is no blob of this repository.
      if (small.error().code() == Errc::corrupt) return Side{"?", "<missing>"};
      return small.error();
    }
    if (small->header.missing) return Side{"?", "<missing>"};
    if (!small->content) return Side{"Git", TRY(hash_blob(blob, small->header.size))};
    const Result<lfs::Pointer> pointer = lfs::parse_pointer(*small->content);
    if (pointer) return Side{"LFS", pointer->oid.hex().substr(0, kShortHash)};
    return Side{"Git", Sha256::of(*small->content).hex().substr(0, kShortHash)};
  }

  Result<std::string> hash_blob(const GitOid& blob, std::uint64_t size) const {
    if (size <= kBlobInMemoryMax) {
      const std::string content = TRY(repository_.read_blob(blob, kBlobInMemoryMax));
      return Sha256::of(content).hex().substr(0, kShortHash);
    }
    ChildProcess child =
        TRY(ChildProcess::start(repository_.git({"cat-file", "blob", blob.hex()})));
    std::string hash = TRY(hash_stream(child.stdout_fd()));
    if (child.wait() != 0) return Error(Errc::corrupt, "cannot read git blob " + blob.hex());
    return hash;
  }

  Result<Side> file(const std::string& path) const {
    const Result<Fd> file = open_file(repository_.work_tree() + '/' + path, O_RDONLY | O_NONBLOCK);
    struct stat status {};
    if (!file) {
      if (file.error().code() == Errc::not_found || file.error().sys_errno() == ENOTDIR) {
        return Side{"File", "deleted"};
      }
      return file.error();
    }
    if (::fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode)) {
      return Side{"File", "deleted"};
    }
    return Side{"File", TRY(hash_stream(file->get()))};
  }

  const lfs::Repository& repository_;
};

// `path` of the repository as seen from the current folder, `prefix` of it.
std::string relative_to(std::string_view prefix, std::string_view path) {
  std::string up;
  while (!prefix.empty()) {
    const std::size_t end = prefix.find('/') + 1;
    if (!path.starts_with(prefix.substr(0, end))) break;
    path.remove_prefix(end);
    prefix.remove_prefix(end);
  }
  for (const char c : prefix) {
    if (c == '/') up += "../";
  }
  return up + std::string(path);
}

Result<std::string> describe(const Sides& sides, const IndexChange& change) {
  const Side from = TRY(sides.from(change));
  std::string text = std::string(from.kind) + ": " + from.hash;
  if (change.status == 'A') return text;
  const Side to = TRY(sides.to(change));
  return text + " -> " + std::string(to.kind) + ": " + to.hash;
}

// The commit that the branch's upstream is known to be at, and its short name.
struct Upstream {
  std::string name;
  GitOid commit;
};
std::optional<Upstream> upstream_of(const Workspace& workspace, const std::string& branch) {
  const std::string remote = workspace.config().get("branch." + branch + ".remote").value_or("");
  std::string merge = workspace.config().get("branch." + branch + ".merge").value_or("");
  if (remote.empty() || merge.empty()) return std::nullopt;
  if (merge.starts_with("refs/heads/")) merge.erase(0, std::string_view("refs/heads/").size());
  Upstream upstream{remote + '/' + merge, {}};
  const auto commit = workspace.repository().resolve_commit("refs/remotes/" + upstream.name);
  if (!commit) return std::nullopt;
  upstream.commit = commit->oid;
  return upstream;
}

Result<void> print_branch(Context& context, const Workspace& workspace, const lfs::Commit& head) {
  const lfs::Repository& repository = workspace.repository();
  std::string branch = repository.current_branch();
  const bool detached = branch.empty();
  if (detached) branch = "HEAD";
  if (branch.starts_with("refs/heads/")) branch.erase(0, std::string_view("refs/heads/").size());
  context.out << "On branch " << branch << '\n';
  if (detached) return {};
  const std::optional<Upstream> upstream = upstream_of(workspace, branch);
  if (!upstream) return {};
  context.out << "Objects to be pushed to " << upstream->name << ":\n\n";
  return lfs::scan_history(repository, {{head.oid}, {upstream->commit}}, false,
                           [&](const lfs::PointerFile& file) -> Result<void> {
                             context.out << '\t' << file.path << " (" << file.pointer.oid.hex()
                                         << ")\n";
                             return {};
                           });
}

Result<void> print_for_people(Context& context, const Workspace& workspace,
                              const lfs::WorkTreeChanges& changes) {
  const Sides sides(workspace.repository());
  context.out << "\nObjects to be committed:\n\n";
  for (const IndexChange& change : changes.staged) {
    context.out << '\t' << relative_to(workspace.prefix(), change.source);
    if (is_move(change)) context.out << " -> " << relative_to(workspace.prefix(), change.target);
    const std::string description = TRY(describe(sides, change));
    context.out << " (" << description << ")\n";
  }
  context.out << "\nObjects not staged for commit:\n\n";
  for (const IndexChange& change : changes.unstaged) {
    const std::string description = TRY(describe(sides, change));
    context.out << '\t' << relative_to(workspace.prefix(), change.source) << " (" << description
                << ")\n";
  }
  context.out << '\n';
  return {};
}

// What is not staged comes first, and a name once.
void print_porcelain(Context& context, const lfs::WorkTreeChanges& changes) {
  std::unordered_set<std::string> seen;
  for (const auto* list : {&changes.unstaged, &changes.staged}) {
    for (const IndexChange& change : *list) {
      if (!seen.insert(name_of(change)).second) continue;
      if (is_move(change)) {
        context.out << change.status << "  " << change.source << " -> " << change.target << '\n';
      } else if (change.status == 'M') {
        context.out << " M " << change.source << '\n';
      } else {
        context.out << change.status << "  " << change.source << '\n';
      }
    }
  }
}

Result<void> print_json_status(Context& context, const Workspace& workspace,
                               const lfs::WorkTreeChanges& changes) {
  const Sides sides(workspace.repository());
  std::map<std::string, Json> entries;
  for (const auto* list : {&changes.unstaged, &changes.staged}) {
    for (const IndexChange& change : *list) {
      const Side from = TRY(sides.from(change));
      if (from.kind != "LFS") continue;
      Json entry = Json::object();
      entry["status"] = std::string(1, change.status);
      if (is_move(change)) entry["from"] = change.source;
      entries[name_of(change)] = std::move(entry);
    }
  }
  Json files = Json::object();
  for (auto& [name, entry] : entries) files[name] = std::move(entry);
  Json document = Json::object();
  document["files"] = std::move(files);
  context.out << go_json(document, -1) << '\n';
  return {};
}

}  // namespace

Result<ExitCode> run_status(Context& context, const Arguments& arguments) {
  auto opened = TRY(Workspace::open(context, Need::work_tree, true));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  const Workspace& workspace = *std::get<std::unique_ptr<Workspace>>(opened);

  const bool porcelain = arguments.is_set("porcelain");
  const bool json = !porcelain && arguments.is_set("json");
  const Result<lfs::Commit> head = workspace.repository().resolve_commit("HEAD");
  if (!porcelain && !json && head) TRY(print_branch(context, workspace, *head));
  const lfs::WorkTreeChanges changes =
      TRY(lfs::work_tree_changes(workspace.repository(), head ? &head->tree : nullptr));
  if (porcelain) {
    print_porcelain(context, changes);
  } else if (json) {
    TRY(print_json_status(context, workspace, changes));
  } else {
    TRY(print_for_people(context, workspace, changes));
  }
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
