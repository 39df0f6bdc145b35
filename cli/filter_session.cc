#include "cli/filter_session.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/install/hooks.h"
#include "lfs/pointer/pointer.h"
#include "lfs/store/store_users.h"

namespace lazylfs::cli {
namespace {

constexpr const char* kFormatKey = "lfs.repositoryformatversion";

}  // namespace

Result<std::variant<ExitCode, std::unique_ptr<FilterSession>>> FilterSession::open(
    Context& context) {
  using Opened = std::variant<ExitCode, std::unique_ptr<FilterSession>>;
  std::unique_ptr<FilterSession> session(new FilterSession(context));
  session->quick_ = lfs::find_quick_repository();
  if (session->quick_ && session->quick_->config.get(kFormatKey) == "0") {
    const lfs::QuickRepository& quick = *session->quick_;
    session->quick_store_ = std::make_unique<lfs::ObjectStore>(lfs::ObjectStore::of(lfs::StorePlace{
        quick.common_folder, quick.objects_folder, quick.environment_alternates, quick.config}));
    session->store_ = session->quick_store_.get();
    lfs::register_store_user(quick.common_folder, *session->store_);
    // A clone's first push depends on it: nobody ran `install` there.
    lfs::ensure_hooks(lfs::hooks_folder(quick.config, quick.common_folder, quick.work_tree));
    return Opened(std::move(session));
  }
  auto opened = TRY(Workspace::open(context, Need::repository, true));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return Opened(*code);
  session->workspace_ = std::move(std::get<std::unique_ptr<Workspace>>(opened));
  session->store_ = &session->workspace_->store();
  lfs::ensure_hooks(session->workspace_->repository());
  return Opened(std::move(session));
}

const lfs::Config& FilterSession::config() const {
  return workspace_ ? workspace_->config() : quick_->config;
}

lfs::SmudgeRules FilterSession::rules(bool skip) const {
  lfs::SmudgeRules rules;
  rules.filter = lfs::PathFilter::from(config(), nullptr, nullptr, true);
  rules.skip = skip || is_true(env_or_empty("GIT_LFS_SKIP_SMUDGE"));
  return rules;
}

bool FilterSession::skip_download_errors() const {
  return is_true(env_or_empty("GIT_LFS_SKIP_DOWNLOAD_ERRORS")) ||
         config().get_bool("lfs.skipdownloaderrors", false);
}

Workspace& FilterSession::workspace() {
  if (workspace_) return *workspace_;
  auto opened = Workspace::open(context_, Need::repository, true);
  auto* found = opened ? std::get_if<std::unique_ptr<Workspace>>(&*opened) : nullptr;
  if (found == nullptr) {
    if (!opened) context_.err << opened.error().message() << '\n';
    context_.err.flush();
    std::_Exit(static_cast<int>(ExitCode::fatal));
  }
  workspace_ = std::move(*found);
  return *workspace_;
}

// lfs.remote.autodetect: the remote that has a branch with the commit that is checked out. As
// upstream's, it gives up when a remote's name has a slash.
std::string FilterSession::remote_for(std::string_view treeish) {
  const std::string usual = workspace().remote();
  if (!config().get_bool("lfs.remote.autodetect", false)) return usual;
  lazylfs::Command command;
  command.argv = {"git",
                  "for-each-ref",
                  "--format=%(refname:strip=2)",
                  "--contains",
                  treeish.empty() ? "HEAD" : std::string(treeish),
                  "refs/remotes"};
  const auto listed = run_command(command);
  if (!listed || listed->exit_code != 0) return usual;
  std::string first(listed->out.substr(0, std::min(listed->out.find('\n'), listed->out.size())));
  for (const lfs::ConfigEntry& entry : config().entries()) {
    if (!entry.key.starts_with("remote.") || !entry.key.ends_with(".url")) continue;
    if (entry.key.find('/') != std::string::npos) return usual;
  }
  first.resize(std::min(first.find('/'), first.size()));
  return first.empty() ? usual : first;
}

std::vector<std::string> FilterSession::other_remotes() {
  std::vector<std::string> remotes;
  if (!config().get_bool("lfs.remote.searchall", false)) return remotes;
  for (const lfs::ConfigEntry& entry : workspace().config().entries()) {
    if (!entry.key.starts_with("remote.") || !entry.key.ends_with(".url")) continue;
    std::string name = entry.key.substr(7, entry.key.size() - 11);
    if (std::ranges::find(remotes, name) == remotes.end()) remotes.push_back(std::move(name));
  }
  return remotes;
}

lfs::Downloads& FilterSession::downloads(lfs::TransferObserver* observer) {
  if (!downloads_) {
    downloads_ = std::make_unique<lfs::QueueDownloads>(lfs::DownloadSetup{
        [this]() -> lfs::TransferEnvironment& { return workspace().transfers(); },
        [this](std::string_view treeish) { return remote_for(treeish); },
        [this] { return workspace().api_ref(); }, [this] { return other_remotes(); }, observer});
  }
  return *downloads_;
}

std::optional<ObjectId> FilterSession::formerly(const std::string& path) {
  const lfs::Repository& repository = workspace().repository();
  if (!index_) index_ = repository.read_index().value_or(lfs::Index());
  const lfs::IndexEntry* entry = index_->find(path);
  if (entry == nullptr) return std::nullopt;
  const Result<std::string> text = repository.read_blob(entry->oid, lfs::kPointerBytesMax);
  if (!text) return std::nullopt;
  const Result<lfs::Pointer> pointer = lfs::parse_pointer(*text);
  if (!pointer) return std::nullopt;
  return ObjectId{pointer->oid, pointer->size};
}

void FilterSession::report_failure(const Error& error) {
  (void)report_panic(context_, workspace(), error);
  context_.err.flush();
}

bool stdin_is_no_stream(Context& context, std::string_view command) {
  struct stat status {};
  if (::fstat(STDIN_FILENO, &status) == 0 && !S_ISCHR(status.st_mode)) return false;
  context.err << "Cannot read from STDIN: This command should be run by the Git " << command
              << '\n';
  return true;
}

}  // namespace lazylfs::cli
