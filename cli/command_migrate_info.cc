// migrate info: what weighs most in a history.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "cli/command_functions.h"
#include "cli/migrate_session.h"
#include "cli/output.h"
#include "lfs/base/text.h"
#include "lfs/migrate/byte_units.h"
#include "lfs/migrate/size_survey.h"

namespace lazylfs::cli {
namespace {

constexpr std::int64_t kTopDefault = 5;

struct Request {
  lfs::SurveyOptions survey;
  std::uint64_t unit = 0;  // bytes; 0: whichever fits
  std::size_t top = 0;
  bool json = false;
};

Result<lfs::PointerMode> pointer_mode(const Arguments& arguments, bool fixup) {
  const std::string word = arguments.value_or("pointers", fixup ? "ignore" : "follow");
  if (fixup && word != "ignore" && (word == "follow" || word == "no-follow")) {
    return Error(Errc::invalid, "Cannot use --fixup with --pointers=" + word);
  }
  if (word == "follow") return lfs::PointerMode::follow;
  if (word == "no-follow") return lfs::PointerMode::no_follow;
  if (word == "ignore") return lfs::PointerMode::ignore;
  return Error(Errc::invalid, "Unsupported --pointers option value");
}

Result<Request> read_request(const MigrateSession& session, const Arguments& arguments) {
  Request request;
  request.survey.fixup = arguments.is_set("fixup");
  request.survey.selection = session.selection();
  request.json = arguments.is_set("json");
  if (arguments.has("above")) {
    request.survey.above = TRY_CONTEXT("cannot parse --above=<n>",
                                       lfs::parse_byte_size(arguments.value_or("above", "")));
  }
  if (arguments.has("unit")) {
    request.unit = TRY_CONTEXT("cannot parse --unit=<unit>",
                               lfs::parse_byte_unit(arguments.value_or("unit", "")));
  }
  if (request.survey.fixup && session.selects()) {
    return Error(Errc::invalid, "Cannot use --fixup with --include, --exclude");
  }
  request.survey.pointers = TRY(pointer_mode(arguments, request.survey.fixup));
  const std::string top = arguments.value_or("top", std::to_string(kTopDefault));
  const auto count = parse_int(top);
  if (!count) return Error(Errc::invalid, "cannot parse --top=<n>: " + go_quoted(top));
  request.top = static_cast<std::size_t>(std::max<std::int64_t>(*count, 0));
  return request;
}

struct Row {
  std::string name, size, count, percent;
};

Row row_of(const lfs::SizeGroup& group, std::uint64_t unit) {
  std::array<char, 32> percent{};
  const double share = 100.0 * static_cast<double>(group.count_above) /
                       static_cast<double>(std::max<std::uint64_t>(group.count, 1));
  std::snprintf(percent.data(), percent.size(), "%.0f%%", share);
  return {group.name,
          unit == 0 ? format_size(group.bytes_above) : lfs::format_in_unit(group.bytes_above, unit),
          std::to_string(group.count_above) + '/' + std::to_string(group.count) +
              (group.count == 1 ? " file " : " files"),
          percent.data()};
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string space(width > text.size() ? width - text.size() : 0, ' ');
  return right ? space + text : text + space;
}

// The groups, an empty line, then the pointers: one table, and so one width for each column.
void print_rows(std::ostream& out, const std::vector<Row>& groups, const Row* pointers) {
  std::vector<const Row*> all;
  for (const Row& row : groups) all.push_back(&row);
  if (pointers != nullptr) all.push_back(pointers);
  const auto widest = [&](std::string Row::*column) {
    std::size_t width = 0;
    for (const Row* row : all) width = std::max(width, (row->*column).size());
    return width;
  };
  for (const Row* row : all) {
    if (row == pointers && !groups.empty()) out << '\n';
    out << padded(printable(row->name), widest(&Row::name), false) << '\t'
        << padded(row->size, widest(&Row::size), false) << '\t'
        << padded(row->count, widest(&Row::count), true) << '\t'
        << padded(row->percent, widest(&Row::percent), true) << '\n';
  }
}

Json json_of(const lfs::SizeGroup& group) {
  return Json{{"name", group.name},
              {"bytes_above", group.bytes_above},
              {"files_above", group.count_above},
              {"files", group.count}};
}

void print(std::ostream& out, lfs::SurveyResult result, const Request& request) {
  if (result.groups.size() > request.top) result.groups.resize(request.top);
  if (request.json) {
    Json document = Json::object();
    document["groups"] = Json::array();
    for (const lfs::SizeGroup& group : result.groups) document["groups"].push_back(json_of(group));
    if (result.pointers) document["lfs_objects"] = json_of(*result.pointers);
    print_json(out, document);
    return;
  }
  std::vector<Row> rows;
  for (const lfs::SizeGroup& group : result.groups) rows.push_back(row_of(group, request.unit));
  Row pointers;
  const bool shows_pointers = result.pointers.has_value();
  if (shows_pointers) pointers = row_of(*result.pointers, request.unit);
  print_rows(out, rows, shows_pointers ? &pointers : nullptr);
}

Result<void> examine(MigrateSession& session, const Request& request) {
  constexpr std::string_view kTask = "Examining commits";
  const lfs::RevisionRange range = TRY(session.range());
  const std::vector<lfs::GitOid> commits = TRY(session.commits(range));
  lfs::RewriteEvents events;
  events.progressed = [&](std::size_t done, std::size_t total) {
    session.log().count(kTask, done, total);
  };
  lfs::SizeSurvey survey(session.repository(), request.survey);
  TRY(lfs::HistoryRewriter(session.repository(), survey, std::move(events)).examine(commits));
  lfs::SurveyResult result = TRY(survey.finish());
  session.log().counted(kTask, commits.size());
  print(session.context().out, std::move(result), request);
  return {};
}

}  // namespace

Result<ExitCode> run_migrate_info(Context& context, const Arguments& arguments) {
  auto opened = TRY(Workspace::open(context, Need::repository, true));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  MigrateSession session(context, *std::get<std::unique_ptr<Workspace>>(opened), arguments);
  const Result<Request> request = read_request(session, arguments);
  const Result<void> examined =
      request ? examine(session, *request) : Result<void>(request.error());
  if (examined) return ExitCode::ok;
  context.err << examined.error().message() << '\n';
  return ExitCode::fatal;
}

}  // namespace lazylfs::cli
