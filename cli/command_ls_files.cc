// ls-files: what of the repository is stored with LFS.
#include <sys/stat.h>

#include <algorithm>
#include <future>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "cli/command_functions.h"
#include "cli/go_json.h"
#include "cli/workspace.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/scan/history_scan.h"
#include "lfs/scan/parallel.h"
#include "lfs/scan/pointer_scan.h"

namespace lazylfs::cli {
namespace {

constexpr std::size_t kShortOid = 10;
constexpr std::size_t kBufferBytes = 1U << 16U;
constexpr std::size_t kFilesPerThreadMin = 1000;
constexpr std::string_view kLatestVersion = "https://git-lfs.github.com/spec/v1";

struct Format {
  bool long_oids = false, sizes = false, debug = false, names = false, json = false;
};

// Prints each file as it is found; a name once, unless all versions were asked for.
class Listing {
 public:
  Listing(Context& context, const Workspace& workspace, Format format, bool every_version)
      : context_(context), workspace_(workspace), format_(format), every_version_(every_version) {}

  void add(const lfs::PointerFile& file) { add(file, shows_state() && is_checked_out(file)); }

  void add(const std::vector<lfs::PointerFile>& files) {
    std::vector<char> checked_out(files.size());
    const auto look = [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) checked_out[i] = is_checked_out(files[i]) ? 1 : 0;
    };
    if (shows_state()) lfs::in_parallel(files.size(), kFilesPerThreadMin, look);
    for (std::size_t i = 0; i < files.size(); ++i) add(files[i], checked_out[i] != 0);
  }

  void end() {
    if (format_.json && !format_.debug) {
      Json document = Json::object();
      document["files"] = files_.empty() ? Json() : std::move(files_);
      text_ += go_json(document, 1) + '\n';
    }
    flush();
  }

 private:
  bool shows_state() const { return format_.debug || format_.json || !format_.names; }

  void add(const lfs::PointerFile& file, bool checked_out) {
    if (file.pointer.size == 0) return;
    const bool is_new = seen_.insert(file.path).second;
    if (!is_new && !every_version_) return;
    if (format_.debug) {
      add_debug(file, checked_out);
    } else if (format_.json) {
      add_json(file, checked_out);
    } else {
      add_line(file, checked_out);
    }
    if (text_.size() >= kBufferBytes) flush();
  }

  void flush() {
    context_.out << text_;
    text_.clear();
  }

  // As upstream, names are looked up from the current folder.
  static bool is_checked_out(const lfs::PointerFile& file) {
    struct stat status {};
    return ::stat(file.path.c_str(), &status) == 0 &&
           static_cast<std::uint64_t>(status.st_size) == file.pointer.size;
  }

  bool is_here(const lfs::PointerFile& file) const {
    return workspace_.store().find(file.pointer.id()).has_value();
  }

  static std::string_view version(const lfs::PointerFile& file) {
    return file.pointer.version.empty() ? kLatestVersion : std::string_view(file.pointer.version);
  }

  void add_line(const lfs::PointerFile& file, bool checked_out) {
    if (!format_.names) {
      const std::string oid = file.pointer.oid.hex();
      text_ += format_.long_oids ? oid : oid.substr(0, kShortOid);
      text_ += checked_out ? " * " : " - ";
    }
    text_ += file.path;
    if (format_.sizes) text_ += " (" + format_size(file.pointer.size) + ')';
    text_ += '\n';
  }

  void add_debug(const lfs::PointerFile& file, bool checked_out) {
    const auto word = [](bool value) { return value ? "true" : "false"; };
    text_ += "filepath: " + file.path + "\n    size: " + std::to_string(file.pointer.size) +
             "\ncheckout: " + word(checked_out) + "\ndownload: " + word(is_here(file)) +
             "\n     oid: sha256 " + file.pointer.oid.hex() +
             "\n version: " + std::string(version(file)) + "\n\n";
  }

  void add_json(const lfs::PointerFile& file, bool checked_out) {
    Json entry = Json::object();
    entry["name"] = file.path;
    entry["size"] = file.pointer.size;
    entry["checkout"] = checked_out;
    entry["downloaded"] = is_here(file);
    entry["oid_type"] = "sha256";
    entry["oid"] = file.pointer.oid.hex();
    entry["version"] = version(file);
    files_.push_back(std::move(entry));
  }

  Context& context_;
  const Workspace& workspace_;
  const Format format_;
  const bool every_version_;
  std::unordered_set<std::string> seen_;
  std::string text_;
  Json files_ = Json::array();
};

ExitCode scan_failure(Context& context, const Error& error) {
  context.err << "Could not scan for Git LFS tree: " << error.message() << '\n';
  return ExitCode::fatal;
}

struct Request {
  std::vector<std::string> refs;
  bool all = false, deleted = false;
  lfs::PathFilter filter;
};

Result<void> list_history(const Workspace& workspace, const Request& request,
                          lfs::HistoryRange range, Listing& listing) {
  TRACE(TraceArea::general, "run_command: git rev-list --objects "
                                << (request.all ? "--all" : "--do-walk") << " --stdin --");
  return lfs::scan_history(workspace.repository(), range, true,
                           [&](lfs::PointerFile file) -> Result<void> {
                             if (request.filter.allows(file.path)) listing.add(file);
                             return {};
                           });
}

Result<void> list_blobs(const Workspace& workspace, const Request& request,
                        std::vector<lfs::BlobEntry> blobs, Listing& listing) {
  std::erase_if(blobs,
                [&](const lfs::BlobEntry& blob) { return !request.filter.allows(blob.path); });
  listing.add(TRY(lfs::read_pointers(workspace.repository(), std::move(blobs))));
  return {};
}

// Staged files that the commit does not have like this, those of one blob together. Returns what
// the commit has.
Result<std::vector<lfs::BlobEntry>> list_staged(const Workspace& workspace, const Request& request,
                                                const lfs::GitOid* tree, Listing& listing) {
  const lfs::Repository& repository = workspace.repository();
  auto committed =
      std::async(std::launch::async, [&] { return lfs::files_in_tree(repository, tree); });
  const Result<lfs::Index> index = repository.read_index();
  Result<std::vector<lfs::BlobEntry>> files = committed.get();
  if (!index) return index.error();
  lfs::TreeComparison compared = lfs::compare_index(*index, TRY(std::move(files)));
  std::unordered_map<lfs::GitOid, std::size_t, lfs::GitOidHash> first;
  for (const lfs::BlobEntry& blob : compared.staged) first.emplace(blob.oid, first.size());
  std::ranges::stable_sort(compared.staged, {},
                           [&](const lfs::BlobEntry& blob) { return first[blob.oid]; });
  TRY(list_blobs(workspace, request, std::move(compared.staged), listing));
  return std::move(compared.committed);
}

Result<void> list(const Workspace& workspace, const Request& request, Listing& listing) {
  const lfs::Repository& repository = workspace.repository();
  if (request.refs.size() > 1) {
    const lfs::Commit from = TRY(repository.resolve_commit(request.refs[0]));
    const lfs::Commit to = TRY(repository.resolve_commit(request.refs[1]));
    return list_history(workspace, request, {{to.oid}, {from.oid}}, listing);
  }
  const std::string revision = request.refs.empty() ? "HEAD" : request.refs[0];
  const Result<lfs::Commit> commit = repository.resolve_commit(revision);
  if (!commit && !request.refs.empty()) return commit.error();
  std::optional<std::vector<lfs::BlobEntry>> committed;
  if (request.refs.empty() && !repository.is_bare()) {
    committed = TRY(list_staged(workspace, request, commit ? &commit->tree : nullptr, listing));
  }
  lfs::HistoryRange range;
  if (request.all) {
    if (commit) range.include.push_back(commit->oid);
    for (const lfs::RefName& ref : repository.all_refs()) range.include.push_back(ref.target);
    return list_history(workspace, request, range, listing);
  }
  if (!commit) return {};
  if (request.deleted) {
    range.include = {commit->oid};
    return list_history(workspace, request, range, listing);
  }
  // A trace tells of each folder and file that the walk meets.
  if (committed && !trace_enabled(TraceArea::general)) {
    return list_blobs(workspace, request, std::move(*committed), listing);
  }
  listing.add(TRY(lfs::pointers_in_tree(repository, commit->tree, request.filter)));
  return {};
}

}  // namespace

Result<ExitCode> run_ls_files(Context& context, const Arguments& arguments) {
  auto opened = TRY(Workspace::open(context, Need::repository, true));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  const Workspace& workspace = *std::get<std::unique_ptr<Workspace>>(opened);

  Request request;
  request.refs = arguments.positional;
  request.all = arguments.is_set("all");
  request.deleted = arguments.is_set("deleted");
  std::string_view complaint;
  if (!request.refs.empty() && request.all) {
    complaint = "Cannot use --all with explicit reference";
  } else if (!request.refs.empty() && request.refs[0] == "--all") {
    complaint = "Did you mean `git lfs ls-files --all --` ?";
  } else if (request.refs.size() > 1 && request.deleted) {
    complaint = "Cannot use --deleted with reference range";
  }
  if (!complaint.empty()) {
    context.err << complaint << '\n';
    return ExitCode::fatal;
  }
  const auto include = arguments.value("include");
  const auto exclude = arguments.value("exclude");
  request.filter = lfs::PathFilter::from(workspace.config(), include ? &*include : nullptr,
                                         exclude ? &*exclude : nullptr, false);
  const Format format{arguments.is_set("long"), arguments.is_set("size"), arguments.is_set("debug"),
                      arguments.is_set("name-only"), arguments.is_set("json")};
  Listing listing(context, workspace, format, request.all || request.refs.size() > 1);
  const Result<void> listed = list(workspace, request, listing);
  listing.end();
  if (!listed) return scan_failure(context, listed.error());
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
