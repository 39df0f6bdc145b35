#include "lfs/migrate/revisions.h"

#include <algorithm>
#include <array>
#include <map>

#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kListingBytesMax = 4ULL << 30U;
constexpr auto kTimeout = std::chrono::hours(12);

Result<std::string> run_listing(const Repository& repository, std::vector<std::string> arguments,
                                std::string_view input = {}) {
  RunOptions options;
  options.input = input;
  options.timeout = kTimeout;
  options.output_bytes_max = kListingBytesMax;
  std::string shown = "git";
  for (const std::string& word : arguments) shown += ' ' + word;
  // Else git maps whole packs: as much memory as the history is large.
  constexpr auto kFrugal = std::to_array<const char*>(
      {"-c", "core.packedGitWindowSize=1m", "-c", "core.packedGitLimit=16m"});
  arguments.insert(arguments.begin(), kFrugal.begin(), kFrugal.end());
  CommandOutput output = TRY(run_command(repository.git(std::move(arguments)), options));
  if (output.exit_code == 0) return std::move(output.out);
  return Error(Errc::invalid, "Error in `" + shown + "`: exit status " +
                                  std::to_string(output.exit_code) + ' ' + output.err);
}

Result<std::string> range_input(const RevisionRange& range) {
  std::string input;
  for (const auto* names : {&range.include, &range.exclude}) {
    for (const std::string& name : *names) {
      if (name.starts_with('-') || name.find('\n') != std::string::npos || name.empty()) {
        return Error(Errc::invalid, "not a revision: " + go_quoted(name));
      }
      input += (names == &range.exclude ? "^" : "") + name + '\n';
    }
  }
  return input;
}

}  // namespace

Result<std::vector<StoredRef>> stored_refs(const Repository& repository) {
  const std::string listing = TRY(run_listing(
      repository, {"for-each-ref", "--format=%(objectname) %(objecttype) %(refname) %(symref)"}));
  std::vector<StoredRef> refs;
  std::string_view rest = listing;
  while (!rest.empty()) {
    std::string_view line = take_until(rest, '\n');
    StoredRef ref;
    ref.target = TRY(GitOid::parse(take_until(line, ' ')));
    ref.type = take_until(line, ' ');
    ref.name = take_until(line, ' ');
    ref.is_symbolic = !line.empty();
    refs.push_back(std::move(ref));
  }
  return refs;
}

std::string shown_ref_name(const std::string& name) {
  for (const std::string_view prefix : {"refs/heads/", "refs/tags/"}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return name;
}

bool is_part_of_everything(const StoredRef& ref) {
  constexpr auto kLeftOut = std::to_array<std::string_view>(
      {"refs/stash", "refs/notes/", "refs/bisect/", "refs/replace/"});
  return std::ranges::none_of(
      kLeftOut, [&](std::string_view prefix) { return ref.name.starts_with(prefix); });
}

Result<void> fetch_remotes(const Repository& repository, const std::vector<std::string>& remotes) {
  for (const std::string& remote : remotes) {
    RunOptions options;
    options.timeout = kTimeout;
    const CommandOutput output =
        TRY(run_command(repository.git({"fetch", "--quiet", "--", remote}), options));
    if (output.exit_code == 0) continue;
    return Error(Errc::unreachable, "could not fetch the references of remote " +
                                        go_quoted(remote) + ": " + std::string(trim(output.err)) +
                                        "\nUse --skip-fetch to go by what is known here.");
  }
  return {};
}

Result<std::vector<std::string>> commits_on_remote(const Repository& repository,
                                                   const std::string& remote) {
  const std::string listing =
      TRY(run_listing(repository, {"ls-remote", "--heads", "--tags", "-q", "--", remote}));
  std::map<std::string, GitOid, std::less<>> by_name;
  std::string_view rest = listing;
  while (!rest.empty()) {
    std::string_view line = take_until(rest, '\n');
    const auto oid = GitOid::parse(take_until(line, '\t'));
    if (!oid) continue;
    if (line.ends_with("^{}")) line.remove_suffix(3);  // comes after the tag itself
    by_name[std::string(line)] = *oid;
  }
  std::vector<std::string> commits;
  for (const auto& [name, oid] : by_name) {
    if (repository.read_commit(oid)) commits.push_back(oid.hex());
  }
  return commits;
}

Result<std::vector<GitOid>> list_commits(const Repository& repository, const RevisionRange& range) {
  const std::string input = TRY(range_input(range));
  const std::string listing = TRY(run_listing(
      repository, {"rev-list", "--reverse", "--topo-order", "--do-walk", "--stdin", "--"}, input));
  std::vector<GitOid> commits;
  commits.reserve(listing.size() / 41);
  std::string_view rest = listing;
  while (!rest.empty()) commits.push_back(TRY(GitOid::parse(take_until(rest, '\n'))));
  return commits;
}

Result<void> fetch_missing_of(const Repository& repository, const RevisionRange& range) {
  if (!repository.config().get("extensions.partialclone")) return {};
  const std::string input = TRY(range_input(range));
  const std::string listing = TRY(run_listing(
      repository, {"rev-list", "--objects", "--missing=print", "--quiet", "--stdin", "--"}, input));
  std::vector<GitOid> missing;
  std::string_view rest = listing;
  while (!rest.empty()) {
    const std::string_view line = take_until(rest, '\n');
    if (line.starts_with('?')) missing.push_back(TRY(GitOid::parse(line.substr(1))));
  }
  return missing.empty() ? Result<void>() : repository.fetch_missing(missing);
}

}  // namespace lazylfs::lfs
