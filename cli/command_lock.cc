// lock and unlock.
#include "cli/command_functions.h"
#include "cli/lock_session.h"
#include "cli/output.h"
#include "lfs/base/json.h"

namespace lazylfs::cli {
namespace {

// What `unlock --json` says of one lock.
Json unlock_entry(const std::string& id, const std::string& path, const Result<void>& result) {
  Json entry = Json::object();
  if (!id.empty()) entry["id"] = id;
  if (!path.empty()) entry["path"] = path;
  entry["unlocked"] = result.has_value();
  if (!result) entry["reason"] = result.error().message();
  return entry;
}

class Unlocker {
 public:
  Unlocker(Context& context, LockSession& session, bool force, bool json)
      : context_(context), session_(session), force_(force), json_(json) {}

  void unlock_path(const std::string& given) {
    std::string path = session_.relative_path(given).value_or(std::string());
    const Result<void> result = [&]() -> Result<void> {
      const auto known = session_.path_of(given);
      if (!known && !force_) return known.error().with_context("Unable to determine path");
      if (!known) path = given;
      TRY(refuse_modified(path));
      TRY(session_.client().unlock_by_path(path, force_));
      return {};
    }();
    report("", path, result, "Unlocked " + printable(path));
  }

  void unlock_id(const std::string& id) {
    const Result<void> result = [&]() -> Result<void> {
      const std::string path = path_of_lock(id);
      if (!path.empty()) TRY(refuse_modified(path));
      const auto unlocked = session_.client().unlock_by_id(id, force_);
      if (!unlocked) return unlocked.error().with_context("Unable to unlock " + id);
      return {};
    }();
    report(id, "", result, "Unlocked Lock " + printable(id));
  }

  ExitCode finish() {
    if (json_) context_.out << lfs::go_json_line(entries_);
    return failed_ ? ExitCode::fatal : ExitCode::ok;
  }

 private:
  Result<void> refuse_modified(const std::string& path) {
    const auto modified = session_.is_modified(path);
    if (!modified.has_value()) return force_ ? Result<void>() : modified.error();
    if (!modified.value()) return {};
    if (!force_) return Error(Errc::busy, "Cannot unlock file with uncommitted changes");
    context_.err << "warning: unlocking with uncommitted changes because --force\n";
    return {};
  }

  // Empty when nobody knows the lock: it may be an old one that is only to be removed.
  std::string path_of_lock(const std::string& id) {
    for (const lfs::Lock& lock : session_.client().cached()) {
      if (lock.id == id) return lock.path;
    }
    std::vector<lfs::Lock> found;
    const auto searched = session_.client().search({.path = "", .id = id, .limit = 0}, found);
    return searched && !found.empty() ? found[0].path : "";
  }

  void report(const std::string& id, const std::string& path, const Result<void>& result,
              const std::string& success) {
    if (!result) {
      hint_at_agents(context_, result.error());
      context_.err << result.error().message() << '\n';
      failed_ = true;
    } else if (!json_) {
      context_.out << success << '\n';
    }
    entries_.push_back(unlock_entry(id, path, result));
  }

  Context& context_;
  LockSession& session_;
  bool force_, json_;
  bool failed_ = false;
  Json entries_ = Json::array();
};

}  // namespace

Result<ExitCode> run_lock(Context& context, const Arguments& arguments) {
  auto opened = TRY(LockSession::open(context, arguments, Need::work_tree));
  if (const ExitCode* code = std::get_if<ExitCode>(&opened)) return *code;
  LockSession& session = std::get<1>(opened);
  const bool json = arguments.is_set("json");
  std::vector<lfs::Lock> locks;
  bool failed = false;
  for (const std::string& given : arguments.positional) {
    const auto path = session.path_of(given);
    if (!path) {
      context.err << path.error().message() << '\n';
      failed = true;
      continue;
    }
    const auto lock = session.client().lock(*path);
    if (!lock) {
      hint_at_agents(context, lock.error());
      context.err << "Locking " << *path << " failed: " << lock.error().message() << '\n';
      failed = true;
      continue;
    }
    locks.push_back(*lock);
    if (!json) context.out << "Locked " << *path << '\n';
  }
  if (json) context.out << lfs::go_json_line(lfs::locks_to_json(locks));
  return failed ? ExitCode::fatal : ExitCode::ok;
}

Result<ExitCode> run_unlock(Context& context, const Arguments& arguments) {
  const std::string id = arguments.value("id").value_or("");
  if (arguments.positional.empty() == id.empty()) {
    context.err << "Exactly one of --id or a set of paths must be provided\n";
    return ExitCode::fatal;
  }
  auto opened = TRY(LockSession::open(context, arguments, Need::work_tree));
  if (const ExitCode* code = std::get_if<ExitCode>(&opened)) return *code;
  Unlocker unlocker(context, std::get<1>(opened), arguments.is_set("force"),
                    arguments.is_set("json"));
  for (const std::string& path : arguments.positional) unlocker.unlock_path(path);
  if (!id.empty()) unlocker.unlock_id(id);
  return unlocker.finish();
}

}  // namespace lazylfs::cli
