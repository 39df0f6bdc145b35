// prefetch.
#include <map>
#include <set>

#include "cli/command_functions.h"
#include "cli/fetch_session.h"
#include "cli/output.h"
#include "cli/prefetcher.h"
#include "cli/settings.h"
#include "cli/targets.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

// The arguments may name files of several mounts; each repository has its own server.
struct Share {
  std::shared_ptr<const lfs::Repository> repository;
  std::vector<Target> targets;
};

Result<std::vector<Share>> share_out(TargetFinder& finder, const std::vector<std::string>& paths) {
  std::vector<Share> shares;
  std::set<Oid> seen;
  for (const std::string& path : paths) {
    const Place place = TRY(finder.locate(path));
    auto share = std::ranges::find(shares, place.repository, &Share::repository);
    if (share == shares.end()) share = shares.insert(share, {place.repository, {}});
    for (Target& target : TRY(finder.by_path(path))) {
      if (seen.insert(target.id.oid).second) share->targets.push_back(std::move(target));
    }
  }
  return shares;
}

std::string progress_text(const PrefetchProgress& progress) {
  const std::uint64_t percent =
      progress.bytes_total == 0 ? 100 : progress.bytes_done * 100 / progress.bytes_total;
  return "Fetching: " + std::to_string(percent) + "% (" + std::to_string(progress.objects_done) +
         '/' + std::to_string(progress.objects_total) + "), " + format_size(progress.bytes_done) +
         " of " + format_size(progress.bytes_total);
}

struct Outcome {
  std::uint64_t objects = 0, bytes = 0;
  Json failures = Json::array();
};

Result<void> fetch_share(Context& context, const Arguments& arguments, cache::Cache& cache,
                         const Share& share, Outcome& outcome) {
  if (arguments.is_set("pin")) {
    for (const Target& target : share.targets) TRY(cache.pin(target.id, true));
  }
  const auto session =
      TRY(FetchSession::open(*share.repository, context.metrics, context.interactive));
  ProgressLine line(context);
  const PrefetchReport report = prefetch_objects(
      cache, session->source(), share.targets,
      {.progress = [&](const PrefetchProgress& progress) { line.update(progress_text(progress)); },
       .expect = [&](const std::vector<ObjectId>& ids) { session->downloader().expect(ids); }});
  line.clear();
  outcome.objects += report.objects;
  outcome.bytes += report.bytes;
  for (const PrefetchFailure& failure : report.failures) {
    outcome.failures.push_back({{"oid", failure.target.id.oid.hex()},
                                {"path", failure.target.path},
                                {"error", failure.error.message()}});
    context.err << printable(failure.target.path) << ": " << failure.error.message() << '\n';
  }
  if (!report.failures.empty()) {
    context.err << "error: failed to fetch some objects";
    if (!session->endpoint().empty()) context.err << " from '" << session->endpoint() << '\'';
    context.err << '\n';
  }
  return {};
}

}  // namespace

Result<ExitCode> run_prefetch(Context& context, const Arguments& arguments) {
  const Settings settings = TRY(Settings::load(arguments));
  TargetFinder finder(settings, {arguments.value_or("ref", ""), arguments.value_or("repo", "")});
  const std::vector<Share> shares = TRY(share_out(finder, arguments.positional));
  const auto cache = TRY(settings.open_cache(context.metrics));
  Outcome outcome;
  for (const Share& share : shares) {
    TRY(fetch_share(context, arguments, *cache, share, outcome));
  }
  if (arguments.is_set("json")) {
    print_json(
        context.out,
        {{"objects", outcome.objects}, {"bytes", outcome.bytes}, {"failures", outcome.failures}});
  } else {
    context.out << counted(outcome.objects, "object") << ", " << format_size(outcome.bytes)
                << ", in the cache\n";
  }
  return outcome.failures.empty() ? ExitCode::ok : ExitCode::fatal;
}

}  // namespace lazylfs::cli
