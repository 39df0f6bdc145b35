#include "cli/workspace.h"

#include <unistd.h>

#include <cstdlib>
#include <set>
#include <utility>

#include "cli/cache_exchange.h"
#include "cli/error_log.h"
#include "lfs/api/endpoint.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/store/store_users.h"

namespace lazylfs::cli {
namespace {

constexpr std::string_view kHeads = "refs/heads/";
constexpr const char* kFormatKey = "lfs.repositoryformatversion";

std::string_view short_branch(std::string_view ref) {
  if (ref.starts_with(kHeads)) ref.remove_prefix(kHeads.size());
  return ref;
}

bool is_inside(std::string_view path, std::string_view folder) {
  if (folder.empty() || !path.starts_with(folder)) return false;
  return path.size() == folder.size() || folder == "/" || path[folder.size()] == '/';
}

// Whether the current folder belongs to the work tree: git knows none inside of .git.
bool is_in_work_tree(const lfs::Repository& repository) {
  const std::string here = absolute_path(".");
  if (!is_inside(here, repository.work_tree())) return false;
  for (const std::string& folder : {repository.git_folder(), repository.common_folder()}) {
    if (is_inside(folder, repository.work_tree()) && is_inside(here, folder)) return false;
  }
  return true;
}

// As git does for its children: relative paths in the environment keep their meaning when we, or a
// git that we start, change the folder. Called before any thread exists.
void settle_environment() {
  for (const char* name :
       {"GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR"}) {
    const std::string value = env_or_empty(name);
    if (value.empty() || value.starts_with('/')) continue;
    ::setenv(name, absolute_path(value).c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  }
  const std::string work_tree = env_or_empty("GIT_WORK_TREE");
  if (work_tree.empty() || ::chdir(work_tree.c_str()) == 0) return;
  log_line(LogLevel::debug, "GIT_WORK_TREE is no folder: " + work_tree);
}

lazylfs::Command git_config_file(const lfs::Repository& repository,
                                 const std::vector<std::string>& arguments) {
  lazylfs::Command command;
  command.argv = {"git", "config", "--file", repository.common_folder() + "/config", "--includes"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  return command;
}

// Nothing when the format is one that this program knows. Only the repository's own file counts;
// it is asked when what is read from all files is not what it should be. The key is written where
// it is missing; a repository that cannot be written is read all the same.
std::optional<std::string> unknown_format(const lfs::Repository& repository) {
  if (repository.config().get(kFormatKey) == "0") return std::nullopt;
  const auto asked = run_command(git_config_file(repository, {"--get", kFormatKey}));
  std::string format(asked ? trim(asked->out) : "");
  if (format == "0") return std::nullopt;
  if (!format.empty()) return format;
  const auto written = run_command(git_config_file(repository, {kFormatKey, "0"}));
  if (!written || written->exit_code != 0) {
    TRACE(TraceArea::general, "cannot write " << kFormatKey);
  }
  return std::nullopt;
}

std::optional<std::string> non_empty(const lfs::Config& config, const std::string& key) {
  auto value = config.get(key);
  return value && !value->empty() ? value : std::nullopt;
}

}  // namespace

void warn_of_ambiguous_aliases(Context& context, const lfs::Config& config) {
  for (const std::string_view name : {"insteadof", "pushinsteadof"}) {
    std::set<std::string> aliases;
    for (const lfs::ConfigEntry& entry : config.entries()) {
      if (!entry.key.starts_with("url.") || !entry.key.ends_with('.' + std::string(name))) continue;
      if (aliases.insert(entry.value).second) continue;
      context.err << "warning: Multiple 'url.*." << name
                  << "' keys with the same alias: " << go_quoted(entry.value) << '\n';
    }
  }
}

Workspace::Workspace(Context& context, lfs::Repository repository)
    : context_(context),
      repository_(std::move(repository)),
      store_(lfs::ObjectStore::of(repository_)) {
  lfs::register_store_user(repository_.common_folder(), store_);
  const std::string here = absolute_path(".");
  const std::string& root = repository_.work_tree();
  if (here != root && is_inside(here, root)) {
    prefix_ = here.substr(root == "/" ? 1 : root.size() + 1) + '/';
  }
}

Workspace::~Workspace() {
  transfers_.reset();
  store_.remove_stale_temporaries();
}

bool Workspace::in_work_tree() const { return is_in_work_tree(repository_); }

Result<std::variant<ExitCode, std::unique_ptr<Workspace>>> Workspace::open(Context& context,
                                                                           Need need,
                                                                           bool prepare) {
  using Opened = std::variant<ExitCode, std::unique_ptr<Workspace>>;
  settle_environment();
  Result<lfs::Repository> repository = lfs::Repository::discover(".");
  if (!repository) {
    const Error& error = repository.error();
    const bool refused = error.code() == Errc::denied;  // safe.directory
    if (!refused && error.code() != Errc::not_found) return error;
    if (need == Need::nothing) return Opened(std::unique_ptr<Workspace>());
    context.out << (refused ? "fatal: " + error.message() : "Not in a Git repository.") << '\n';
    return Opened(ExitCode::no_repository);
  }
  if (need == Need::work_tree && !is_in_work_tree(*repository)) {
    context.out << "This operation must be run in a work tree.\n";
    return Opened(ExitCode::no_repository);
  }
  if (prepare) {
    if (const auto format = unknown_format(*repository)) {
      context.out << "Unknown repository format version: " << *format << '\n';
      return Opened(ExitCode::no_repository);
    }
  }
  return Opened(std::unique_ptr<Workspace>(new Workspace(context, std::move(*repository))));
}

std::string Workspace::remote(bool push) const {
  const std::string branch(short_branch(repository_.current_branch()));
  if (push) {
    if (!branch.empty()) {
      if (const auto named = non_empty(config(), "branch." + branch + ".pushremote")) return *named;
    }
    for (const char* key : {"remote.lfspushdefault", "remote.pushdefault"}) {
      if (const auto named = non_empty(config(), key)) return *named;
    }
  }
  return lfs::default_remote(config(), branch);
}

std::string Workspace::api_ref() const {
  const std::string ref = repository_.current_branch();
  if (!repository_.resolve_commit("HEAD")) return "";
  if (ref.empty()) return "HEAD";
  const std::string mode = config().get("push.default").value_or("simple");
  if (mode == "simple" || mode == "upstream" || mode == "tracking" || mode.empty()) {
    const std::string key = "branch." + std::string(short_branch(ref)) + ".merge";
    if (const auto merge = non_empty(config(), key)) return *merge;
  } else if (mode != "current") {
    TRACE(TraceArea::general, "WARNING: \"" << mode << "\" push mode not supported");
  }
  return ref;
}

lfs::TransferEnvironment& Workspace::transfers() {
  if (!transfers_) {
    warn_of_ambiguous_aliases(context_, config());
    exchange_ = CacheExchange::make(config(), context_.metrics);
    transfers_ = std::make_unique<lfs::TransferEnvironment>(
        repository_, store_, context_.metrics,
        lfs::TransferEnvironment::Options{exchange_.get(), context_.interactive});
  }
  return *transfers_;
}

}  // namespace lazylfs::cli
