// cache pin, unpin, evict, verify, gc: what changes the cache.
#include "cli/command_functions.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "cli/targets.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

Json oid_array(const std::vector<Oid>& oids) {
  Json array = Json::array();
  for (const Oid& oid : oids) array.push_back(oid.hex());
  return array;
}

// What the commands that name objects have in common: the cache and what was named.
struct Named {
  std::unique_ptr<cache::Cache> cache;
  std::vector<Target> targets;
};

Result<Named> open_named(Context& context, const Arguments& arguments) {
  const Settings settings = TRY(Settings::load(arguments));
  Named named;
  named.cache = TRY(settings.open_cache(context.metrics));
  if (arguments.is_set("all")) {
    for (const cache::ObjectStatus& object : TRY(named.cache->list())) {
      if (object.pinned) continue;
      named.targets.push_back({object.id, ""});
    }
    return named;
  }
  TargetFinder finder(settings, {arguments.value_or("ref", ""), arguments.value_or("repo", "")});
  named.targets = TRY(finder.find(arguments.positional, named.cache.get()));
  return named;
}

Result<ExitCode> set_pinned(Context& context, const Arguments& arguments, bool pinned) {
  const Named named = TRY(open_named(context, arguments));
  Json oids = Json::array();
  for (const Target& target : named.targets) {
    TRY(named.cache->pin(target.id, pinned));
    oids.push_back(target.id.oid.hex());
  }
  const char* done = pinned ? "pinned" : "unpinned";
  if (arguments.is_set("json")) {
    print_json(context.out, Json{{done, oids}});
  } else {
    context.out << counted(named.targets.size(), "object") << ' ' << done << '\n';
  }
  return ExitCode::ok;
}

}  // namespace

Result<ExitCode> run_cache_pin(Context& context, const Arguments& arguments) {
  return set_pinned(context, arguments, true);
}

Result<ExitCode> run_cache_unpin(Context& context, const Arguments& arguments) {
  return set_pinned(context, arguments, false);
}

Result<ExitCode> run_cache_evict(Context& context, const Arguments& arguments) {
  if (arguments.positional.empty() && !arguments.is_set("all")) {
    return usage_error(context, "cache evict", "name an object or a path, or give --all");
  }
  const Named named = TRY(open_named(context, arguments));
  std::uint64_t bytes_freed = 0;
  Json evicted = Json::array();
  Json failures = Json::array();
  for (const Target& target : named.targets) {
    const auto freed = named.cache->evict(target.id.oid);
    if (freed) {
      bytes_freed += *freed;
      evicted.push_back(target.id.oid.hex());
      continue;
    }
    if (freed.error().code() == Errc::not_found) continue;  // it is not there: as wanted
    failures.push_back({{"oid", target.id.oid.hex()}, {"error", freed.error().message()}});
    if (!arguments.is_set("json")) {
      // The cache's message has the id; who named a path wants the path too.
      if (!target.path.empty()) context.err << printable(target.path) << ": ";
      context.err << freed.error().message() << '\n';
    }
  }
  if (arguments.is_set("json")) {
    print_json(context.out,
               {{"evicted", evicted}, {"bytes_freed", bytes_freed}, {"failures", failures}});
  } else {
    context.out << counted(evicted.size(), "object") << " evicted, " << format_size(bytes_freed)
                << " freed\n";
  }
  return failures.empty() ? ExitCode::ok : ExitCode::fatal;
}

Result<ExitCode> run_cache_verify(Context& context, const Arguments& arguments) {
  std::vector<Oid> only;
  std::unique_ptr<cache::Cache> cache;
  if (arguments.positional.empty()) {
    cache = TRY(TRY(Settings::load(arguments)).open_cache(context.metrics));
  } else {
    Named named = TRY(open_named(context, arguments));
    for (const Target& target : named.targets) only.push_back(target.id.oid);
    cache = std::move(named.cache);
  }
  ProgressLine progress(context);
  std::uint64_t seen = 0;
  const auto report = TRY(cache->verify(only, [&](const Oid& oid) {
    progress.update("Verifying: " + counted(++seen, "object") + ", " + oid.hex());
  }));
  progress.clear();
  const bool sound = report.corrupt.empty() && report.repaired.empty();
  if (arguments.is_set("json")) {
    print_json(context.out, {{"objects_checked", report.objects_checked},
                             {"bytes_checked", report.bytes_checked},
                             {"corrupt", oid_array(report.corrupt)},
                             {"repaired", oid_array(report.repaired)}});
    return sound ? ExitCode::ok : ExitCode::problem;
  }
  for (const Oid& oid : report.corrupt) context.out << "corrupt: " << oid.hex() << '\n';
  for (const Oid& oid : report.repaired) context.out << "bad blocks: " << oid.hex() << '\n';
  context.out << counted(report.objects_checked, "object") << " checked, "
              << format_size(report.bytes_checked);
  context.out << (sound ? ": all sound\n" : "; what was wrong will be fetched afresh\n");
  return sound ? ExitCode::ok : ExitCode::problem;
}

Result<ExitCode> run_cache_gc(Context& context, const Arguments& arguments) {
  const auto cache = TRY(TRY(Settings::load(arguments)).open_cache(context.metrics));
  const bool dry_run = arguments.is_set("dry-run");
  const cache::GcReport report = TRY(cache->gc(dry_run));
  if (arguments.is_set("json")) {
    print_json(context.out, {{"objects_removed", report.objects_removed},
                             {"bytes_freed", report.bytes_freed},
                             {"removed", oid_array(report.removed)}});
    return ExitCode::ok;
  }
  context.out << counted(report.objects_removed, "object")
              << (dry_run ? " would be removed, " : " removed, ") << format_size(report.bytes_freed)
              << (dry_run ? " would be freed\n" : " freed\n");
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
