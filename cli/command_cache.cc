// cache status, ls, path: what looks at the cache.
#include "cli/command_functions.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "cli/targets.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

Json json_of(const cache::ObjectStatus& object) {
  return {{"oid", object.id.oid.hex()},
          {"size", object.id.size},
          {"state", cache::object_state_name(object.state)},
          {"cached_bytes", object.cached_bytes},
          {"pinned", object.pinned},
          {"last_used", object.last_used},
          {"path", object.path.empty() ? Json() : Json(object.path)}};
}

std::string limit_text(const cache::CacheTotals& totals) {
  return totals.size_max == 0 ? "no limit" : "limit " + format_size(totals.size_max);
}

void print_status(std::ostream& out, const std::string& folder, const cache::CacheTotals& totals) {
  print_table(
      out, {{"Cache:", folder},
            {"Size:", format_size(totals.bytes) + " (" + limit_text(totals) + ")"},
            {"Objects:", std::to_string(totals.objects) + " (" + std::to_string(totals.complete) +
                             " complete, " + std::to_string(totals.partial) + " partial, " +
                             std::to_string(totals.quarantined) + " quarantined, " +
                             std::to_string(totals.pinned) + " pinned)"},
            {"Disk:", format_size(totals.free_space) + " free, of which " +
                          format_size(totals.free_space_min) + " are left alone"}});
}

bool selected(const cache::ObjectStatus& object, const Arguments& arguments) {
  if (arguments.is_set("pinned") && !object.pinned) return false;
  const auto state = arguments.value("state");
  return !state || *state == cache::object_state_name(object.state);
}

}  // namespace

Result<ExitCode> run_cache_status(Context& context, const Arguments& arguments) {
  const Settings settings = TRY(Settings::load(arguments));
  const auto cache = TRY(settings.open_cache(context.metrics));
  const cache::CacheTotals totals = TRY(cache->totals());
  if (!arguments.is_set("json")) {
    print_status(context.out, settings.cache_folder(), totals);
    return ExitCode::ok;
  }
  print_json(context.out, {{"folder", settings.cache_folder()},
                           {"objects", totals.objects},
                           {"complete", totals.complete},
                           {"partial", totals.partial},
                           {"quarantined", totals.quarantined},
                           {"pinned", totals.pinned},
                           {"bytes", totals.bytes},
                           {"size_max", totals.size_max},
                           {"free_space", totals.free_space},
                           {"free_space_min", totals.free_space_min}});
  return ExitCode::ok;
}

Result<ExitCode> run_cache_ls(Context& context, const Arguments& arguments) {
  constexpr std::size_t kShortOid = 12;
  const Settings settings = TRY(Settings::load(arguments));
  const auto cache = TRY(settings.open_cache(context.metrics));
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const cache::ObjectStatus& object : TRY(cache->list())) {
    if (!selected(object, arguments)) continue;
    all.push_back(json_of(object));
    const std::string hex = object.id.oid.hex();
    rows.push_back(
        {std::string(cache::object_state_name(object.state)) + (object.pinned ? "*" : ""),
         format_size(object.cached_bytes), "of " + format_size(object.id.size),
         object.last_used == 0 ? "never" : format_time(object.last_used),
         arguments.is_set("long") ? hex : hex.substr(0, kShortOid)});
  }
  if (arguments.is_set("json")) {
    print_json(context.out, all);
  } else {
    print_table(context.out, rows);
  }
  return ExitCode::ok;
}

Result<ExitCode> run_cache_path(Context& context, const Arguments& arguments) {
  const Settings settings = TRY(Settings::load(arguments));
  const auto cache = TRY(settings.open_cache(context.metrics));
  TargetFinder finder(settings, {arguments.value_or("ref", ""), arguments.value_or("repo", "")});
  Json all = Json::array();
  ExitCode code = ExitCode::ok;
  for (const Target& target : TRY(finder.find(arguments.positional, cache.get()))) {
    const cache::ObjectStatus status = TRY(cache->status(target.id.oid));
    const std::string oid = target.id.oid.hex();
    all.push_back({{"oid", oid}, {"path", status.path.empty() ? Json() : Json(status.path)}});
    if (status.path.empty()) code = ExitCode::problem;
    if (arguments.is_set("json")) continue;
    if (!status.path.empty()) {
      context.out << status.path << '\n';
    } else {
      context.err << (target.path.empty() ? oid : printable(target.path)) << ": "
                  << cache::object_state_name(status.state) << ", not complete in the cache\n";
    }
  }
  if (arguments.is_set("json")) print_json(context.out, all);
  return code;
}

}  // namespace lazylfs::cli
