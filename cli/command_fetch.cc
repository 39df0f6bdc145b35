// fetch: objects of some refs, into the repository's store.
#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "cli/collector.h"
#include "cli/command_functions.h"
#include "cli/go_json.h"
#include "cli/object_fetch.h"
#include "cli/pruner.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/scan/history_scan.h"
#include "lfs/scan/recent.h"

namespace lazylfs::cli {
namespace {

constexpr std::int64_t kSecondsPerDay = 24 * 60 * 60;

std::int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// A ref, and the file or folder in it when one was named: "main:dir/a.bin".
struct WantedRef {
  NamedRef ref;
  std::optional<std::string> path;
};

struct Request {
  std::string remote;
  std::vector<std::string> refs;
  bool all = false, recent = false, prune = false, json = false;
  bool dry_run = false, refetch = false;
  bool filter_given = false;
  lfs::PathFilter filter;
};

// One run of the command.
class Fetch {
 public:
  Fetch(Context& context, Workspace& workspace, Request request)
      : context_(context),
        workspace_(workspace),
        repository_(workspace.repository()),
        request_(std::move(request)),
        fetch_(context, workspace, {request_.remote, request_.dry_run, request_.refetch},
               [this](const lfs::TransferOutcome& outcome) { note(outcome); }) {}

  Result<ExitCode> run() {
    std::vector<WantedRef> refs;
    if (const auto code = find_refs(refs)) return *code;
    const Result<void> added = request_.all ? fetch_all(refs) : fetch_refs(refs);
    if (!added && added.error().code() == Errc::invalid) return added.error();  // a wrong path
    if (!added) return report_panic(context_, workspace_, added.error(), "Could not fetch");
    const std::vector<Error> errors = fetch_.finish();
    report();
    for (const Error& error : errors) context_.err << error.message() << '\n';
    if (errors.empty()) return ExitCode::ok;
    context_.err << "error: failed to fetch some objects from '"
                 << endpoint_url(workspace_, request_.remote, lfs::Operation::download) << "'\n";
    return ExitCode::fatal;
  }

 private:
  // The refs that were named, or HEAD. Tells of the first one that does not exist.
  std::optional<ExitCode> find_refs(std::vector<WantedRef>& refs) {
    const bool given = !request_.refs.empty();
    if (!given && request_.all) return std::nullopt;
    for (const std::string& revision : given ? request_.refs : std::vector<std::string>{"HEAD"}) {
      const std::size_t colon = revision.find(':');  // no ref's name holds one
      Result<NamedRef> ref = find_ref(repository_, revision.substr(0, colon));
      if (!ref) {
        std::string list;
        for (const std::string& word : request_.refs) list += (list.empty() ? "" : " ") + word;
        return report_panic(context_, workspace_, ref.error(),
                            given ? "Invalid ref argument: [" + list + "]" : "Could not fetch");
      }
      WantedRef wanted{std::move(*ref), std::nullopt};
      if (colon != std::string::npos) wanted.path = path_from_root(revision.substr(colon + 1));
      refs.push_back(std::move(wanted));
    }
    return std::nullopt;
  }

  // As git reads "<ref>:<path>": from the root, but what begins with "./" or "../" from here.
  std::string path_from_root(const std::string& path) const {
    if (path != "." && !path.starts_with("./") && !path.starts_with("../")) return path;
    const std::string whole = absolute_path("/" + workspace_.prefix() + path);
    return whole.substr(1);
  }

  Result<void> fetch_refs(const std::vector<WantedRef>& refs) {
    for (const auto& [ref, path] : refs) {
      context_.err << "Fetching reference " << ref.full_name << '\n';
      if (path) {
        TRY(add_path(ref, *path));
        continue;
      }
      TRY(add_tree(ref.commit));
      fetched_refs_.emplace(ref.commit.oid, ref.short_name);
    }
    return request_.recent ? add_recent(refs) : Result<void>();
  }

  Result<void> add_tree(const lfs::Commit& commit) {
    TRACE(TraceArea::general, "run_command: git ls-tree -r -l -z --full-tree " << commit.oid.hex());
    for (const lfs::PointerFile& file :
         TRY(lfs::pointers_in_tree(repository_, commit.tree, request_.filter))) {
      add(file);
    }
    return {};
  }

  Result<void> add_path(const NamedRef& ref, const std::string& path) {
    const auto files = lfs::pointers_at_path(repository_, ref.commit.tree, path);
    if (!files && files.error().code() == Errc::not_found) {
      return Error(Errc::invalid, "path '" + path + "' does not exist in '" + ref.short_name + "'");
    }
    if (!files) return files.error();
    if (files->empty()) {
      return Error(Errc::invalid, "'" + path + "' in '" + ref.short_name + "' is no Git LFS file");
    }
    for (const lfs::PointerFile& file : *files) add(file);
    return {};
  }

  Result<void> add_recent(const std::vector<WantedRef>& refs) {
    const lfs::Config& config = workspace_.config();
    const std::int64_t ref_days = config.get_int("lfs.fetchrecentrefsdays", 7);
    const std::int64_t commit_days = config.get_int("lfs.fetchrecentcommitsdays", 0);
    std::vector<std::pair<std::string, lfs::Commit>> tips;
    std::unordered_set<lfs::GitOid, lfs::GitOidHash> known;
    for (const auto& [ref, path] : refs) {
      if (known.insert(ref.commit.oid).second) tips.emplace_back(ref.short_name, ref.commit);
    }
    if (ref_days > 0) {
      context_.err << "Fetching recent branches within " << ref_days << " days\n";
      const std::int64_t since = lfs::days_before(now_seconds(), ref_days);
      TRACE(TraceArea::general, "RECENT: Getting refs >= " << format_time(since));
      for (const lfs::RecentRef& ref : TRY(lfs::recent_refs(
               repository_, since, config.get_bool("lfs.fetchrecentremoterefs", true),
               request_.remote))) {
        TRY(add_recent_ref(ref, known, tips));
      }
    }
    if (commit_days <= 0) return {};
    for (const auto& [name, commit] : tips) {
      context_.err << "Fetching changes within " << commit_days << " days of " << name << '\n';
      const std::int64_t since = commit.time - commit_days * kSecondsPerDay;
      TRACE(TraceArea::general,
            "run_command: git log --since=" << format_time(since) << ' ' << commit.oid.hex());
      TRY(lfs::scan_previous_versions(repository_, commit.oid, since,
                                      [this](const lfs::PointerFile& file) -> Result<void> {
                                        if (request_.filter.allows(file.path)) add(file);
                                        return {};
                                      }));
    }
    return {};
  }

  Result<void> add_recent_ref(const lfs::RecentRef& ref,
                              std::unordered_set<lfs::GitOid, lfs::GitOidHash>& known,
                              std::vector<std::pair<std::string, lfs::Commit>>& tips) {
    std::string name = ref.name;
    for (const std::string_view prefix : {"refs/heads/", "refs/tags/", "refs/remotes/"}) {
      if (name.starts_with(prefix)) name.erase(0, prefix.size());
    }
    TRACE(TraceArea::general, "RECENT: " << name << " (" << format_time(ref.commit.time) << ")");
    const auto before = fetched_refs_.find(ref.commit.oid);
    if (before != fetched_refs_.end()) {
      TRACE(TraceArea::general,
            "Skipping fetch for " << name << ", already fetched via " << before->second);
      return {};
    }
    fetched_refs_.emplace(ref.commit.oid, name);
    if (known.insert(ref.commit.oid).second) tips.emplace_back(name, ref.commit);
    context_.err << "Fetching reference " << name << '\n';
    return add_tree(ref.commit);
  }

  Result<void> fetch_all(const std::vector<WantedRef>& refs) {
    const lfs::Config& config = workspace_.config();
    const bool filtered = !config.get("lfs.fetchinclude").value_or("").empty() ||
                          !config.get("lfs.fetchexclude").value_or("").empty();
    if (filtered) {
      context_.err << "Ignoring global include / exclude paths to fulfil --all\n";
    }
    lfs::HistoryRange range;
    for (const WantedRef& wanted : refs) range.include.push_back(wanted.ref.commit.oid);
    if (request_.refs.empty()) {
      const Result<lfs::Commit> head = repository_.resolve_commit("HEAD");
      if (head) range.include.push_back(head->oid);
      for (const lfs::RefName& ref : repository_.all_refs()) range.include.push_back(ref.target);
    }
    TRACE(TraceArea::general, "run_command: git rev-list --objects "
                                  << (request_.refs.empty() ? "--all" : "--do-walk")
                                  << " --stdin --");
    std::uint64_t found = 0;
    TRY(lfs::scan_history(repository_, range, true,
                          [&](const lfs::PointerFile& file) -> Result<void> {
                            ++found;
                            add(file);
                            return {};
                          }));
    (request_.json ? context_.err : context_.out) << found << " objects found, done.\n";
    if (request_.refs.empty()) context_.err << "Fetching all references...\n";
    return {};
  }

  void add(const lfs::PointerFile& file) {
    if (!fetch_.add(file)) return;
    if (request_.dry_run || request_.json) {
      wanted_.push_back({file.pointer.id(), file.path});
    }
  }

  void note(const lfs::TransferOutcome& outcome) {
    if (request_.dry_run || request_.json) outcomes_.emplace(outcome.id.oid, outcome);
  }

  // Called when the queue has ended.
  void report() {
    std::set<Oid> reported;
    Json transfers = Json::array();
    for (const lfs::TransferJob& job : wanted_) {
      const auto outcome = outcomes_.find(job.id.oid);
      if (outcome == outcomes_.end() || !outcome->second.result) continue;
      if (!reported.insert(job.id.oid).second) continue;
      if (request_.json) {
        transfers.push_back(describe(job, outcome->second));
      } else {
        context_.err << "fetch " << job.id.oid.hex() << " => " << job.name << '\n';
      }
    }
    if (!request_.json) return;
    Json document = Json::object();
    document["transfers"] = std::move(transfers);
    context_.out << go_json(document, 1) << '\n';
  }

  Json describe(const lfs::TransferJob& job, const lfs::TransferOutcome& outcome) const {
    Json entry = Json::object();
    entry["name"] = job.name;
    entry["oid"] = job.id.oid.hex();
    entry["size"] = job.id.size;
    for (const char* key : {"authenticated", "actions", "_links", "error"}) {
      const auto member = outcome.batch_object.find(key);
      if (outcome.batch_object.is_object() && member != outcome.batch_object.end()) {
        entry[key] = *member;
      }
    }
    entry["path"] =
        outcome.path.empty() ? workspace_.store().object_path(job.id.oid) : outcome.path;
    return entry;
  }

  Context& context_;
  Workspace& workspace_;
  const lfs::Repository& repository_;
  const Request request_;
  std::unordered_map<lfs::GitOid, std::string, lfs::GitOidHash> fetched_refs_;
  std::vector<lfs::TransferJob> wanted_;
  std::unordered_map<Oid, lfs::TransferOutcome> outcomes_;
  ObjectFetch fetch_;  // last: its threads call note()
};

// Empty when the options go together.
std::string_view conflict(const Request& request) {
  if (request.all && request.recent) return "Cannot combine --all with --recent";
  if (request.all && request.filter_given) {
    return "Cannot combine --all with --include or --exclude";
  }
  if (request.json && request.prune) return "Cannot combine --json with --prune";
  return {};
}

bool names_a_path(const Request& request) {
  return std::ranges::any_of(
      request.refs, [](const std::string& ref) { return ref.find(':') != std::string::npos; });
}

Result<ExitCode> prune_after(Context& context, Workspace& workspace, const Request& request) {
  PruneRequest prune_request = default_prune_request(workspace.config());
  prune_request.dry_run = request.dry_run;
  return TRY(prune(context, workspace, prune_request)).code;
}

}  // namespace

Result<ExitCode> run_fetch(Context& context, const Arguments& arguments) {
  auto opened = TRY(Workspace::open(context, Need::repository, true));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  Workspace& workspace = *std::get<std::unique_ptr<Workspace>>(opened);
  const lfs::Config& config = workspace.config();

  Request request;
  request.all = arguments.is_set("all");
  request.json = arguments.is_set("json");
  request.dry_run = arguments.is_set("dry-run");
  request.refetch = arguments.is_set("refetch");
  request.prune = arguments.is_set("prune");
  request.recent = arguments.is_set("recent");
  const auto include = arguments.value("include");
  const auto exclude = arguments.value("exclude");
  request.filter_given = include.has_value() || exclude.has_value();
  std::string complaint(conflict(request));
  request.recent |= !request.all && config.get_bool("lfs.fetchrecentalways", false);
  request.remote = arguments.positional.empty() ? workspace.remote() : arguments.positional[0];
  if (complaint.empty() && !arguments.positional.empty()) {
    complaint = remote_complaint(config, request.remote);
  }
  if (!complaint.empty()) {
    context.err << complaint << '\n';
    return ExitCode::fatal;
  }
  if (!arguments.positional.empty()) {
    request.refs.assign(arguments.positional.begin() + 1, arguments.positional.end());
  }
  if (arguments.is_set("stdin")) {
    if (!request.refs.empty()) {
      context.err << "Further command line arguments are ignored with --stdin\n";
      return ExitCode::fatal;
    }
    request.refs = read_stdin_lines();
  }
  if (names_a_path(request)) {
    if (request.all || arguments.is_set("recent") || request.filter_given) {
      context.err << "Cannot combine <ref>:<path> with --all, --recent, --include or --exclude\n";
      return ExitCode::fatal;
    }
    request.recent = false;
  }
  request.filter = lfs::PathFilter::from(config, include ? &*include : nullptr,
                                         exclude ? &*exclude : nullptr, !request.all);
  const ExitCode fetched = TRY(Fetch(context, workspace, request).run());
  if (fetched != ExitCode::ok) return fetched;
  if (request.prune) return prune_after(context, workspace, request);
  if (!request.dry_run) collect_after_transfer(context, workspace);
  return fetched;
}

}  // namespace lazylfs::cli
