#include "cli/lock_check.h"

#include "cli/object_fetch.h"
#include "lfs/base/process.h"
#include "lfs/base/url.h"

namespace lazylfs::cli {
namespace {

constexpr const char* kKey = "locksverify";

bool is_github(const Url& url) {
  return url.host == "github.com" || url.host.ends_with(".github.com");
}

void remember_missing_support(const Workspace& workspace, const std::string& url) {
  const auto written =
      run_command(workspace.repository().git({"config", "lfs." + url + '.' + kKey, "false"}));
  (void)written.has_value();  // a repository that cannot be written is asked again next time
}

// "main, v1" for full names of refs.
std::string short_names(const std::set<std::string>& refs) {
  std::string text;
  for (std::string_view ref : refs) {
    for (const std::string_view prefix : {"refs/heads/", "refs/tags/"}) {
      if (ref.starts_with(prefix)) ref.remove_prefix(prefix.size());
    }
    text.append(text.empty() ? "" : ", ").append(ref);
  }
  return text;
}

}  // namespace

LockCheck::LockCheck(Context& context, Workspace& workspace, std::string remote)
    : context_(context), workspace_(workspace), remote_(std::move(remote)) {
  const auto endpoint = lfs::find_endpoint(workspace.config(), remote_, lfs::Operation::upload,
                                           workspace.repository().common_folder());
  if (!endpoint || endpoint->is_file()) {
    mode_ = Mode::off;
    return;
  }
  url_ = endpoint->url;
  const std::optional<Url> url = Url::parse(url_);
  if (!url) return;
  const auto value = workspace.config().get_for_url("lfs", *url, kKey);
  if (value) {
    const lfs::Config one({{"lfs.locksverify", *value, false}});
    mode_ = one.get_bool("lfs.locksverify", false) ? Mode::on : Mode::off;
  } else if (is_github(*url)) {
    mode_ = Mode::on;
  }
  if (workspace.config().get_for_url("lfs", *url, "standalonetransferagent")) mode_ = Mode::off;
}

std::optional<ExitCode> LockCheck::ask(const std::string& ref) {
  if (mode_ == Mode::off || !asked_.insert(ref).second) return std::nullopt;
  lfs::LockClient client(workspace_.transfers(), remote_, ref);
  const Result<lfs::VerifiedLocks> locks = client.verify();
  if (!locks) return failed(locks.error());
  if (mode_ == Mode::unknown) {
    context_.out << "Locking support detected on remote \"" << remote_
                 << "\". Consider enabling it with:\n  $ git config lfs." << redact_url(url_)
                 << ".locksverify true\n";
  }
  const auto add = [&ref](const std::vector<lfs::Lock>& from, std::map<std::string, Held>& to) {
    for (const lfs::Lock& lock : from) {
      Held& held = to[lock.path];
      held.owner = lock.owner;
      held.refs.insert(ref);
    }
  };
  add(locks->ours, ours_);
  add(locks->theirs, theirs_);
  return std::nullopt;
}

std::optional<ExitCode> LockCheck::failed(const Error& error) {
  if (error.code() == Errc::unsupported) {
    remember_missing_support(workspace_, url_);
    mode_ = Mode::off;
    return std::nullopt;
  }
  if (error.code() == Errc::denied) {
    const bool fatal = mode_ == Mode::on;
    context_.err << (fatal ? "error" : "warning") << ": Authentication error: " << error.message()
                 << '\n';
    return fatal ? std::optional(ExitCode::fatal) : std::nullopt;
  }
  context_.out << "Remote \"" << remote_
               << "\" does not support the Git LFS locking API. Consider disabling it with:\n"
                  "  $ git config lfs."
               << redact_url(url_) << ".locksverify false\n";
  if (mode_ != Mode::on) return std::nullopt;
  return report_fatal(context_, workspace_, error);
}

bool LockCheck::may_push(const std::string& path) {
  if (ours_.contains(path)) met_ours_.insert(path);
  if (!theirs_.contains(path)) return true;
  met_theirs_.insert(path);
  // Where nobody asked for the check it only warns, and then git's push must find its objects.
  return mode_ != Mode::on;
}

void LockCheck::meet_other_file(const std::string& path) {
  if (theirs_.contains(path)) met_theirs_.insert(path);
}

ExitCode LockCheck::report() {
  if (!met_theirs_.empty()) {
    context_.out << "Unable to push locked files:\n";
    for (const std::string& path : met_theirs_) {
      const Held& held = theirs_[path];
      context_.out << "* " << path << " - " << held.owner << " (refs: " << short_names(held.refs)
                   << ")\n";
    }
    if (mode_ == Mode::on) {
      context_.err << "Cannot update locked files.\n";
      return ExitCode::fatal;
    }
    context_.err << "warning: The above files would have halted this push.\n";
  } else if (!met_ours_.empty()) {
    context_.out << "Consider unlocking your own locked files: (`git lfs unlock <path>`)\n";
    for (const std::string& path : met_ours_) context_.out << "* " << path << '\n';
  }
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
