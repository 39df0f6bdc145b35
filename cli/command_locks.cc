// locks: who holds what.
#include <algorithm>

#include "cli/command_functions.h"
#include "cli/lock_session.h"
#include "cli/output.h"
#include "lfs/base/text.h"

namespace lazylfs::cli {
namespace {

struct Request {
  lfs::LockSearch search;
  bool local = false, cached = false, verify = false, json = false;

  bool filtered() const { return !search.path.empty() || !search.id.empty(); }
};

struct Listing {
  lfs::VerifiedLocks locks;      // without --verify all are in `theirs`
  std::optional<Error> failure;  // what ended it early
};

// Empty when the options go together.
std::string complaint(const Request& request) {
  if (request.cached && request.search.limit > 0) {
    return "--cached option can't be combined with --limit";
  }
  if (request.cached && request.filtered()) {
    return "--cached option can't be combined with filters";
  }
  if (request.cached && request.local) return "--cached option can't be combined with --local";
  if (request.verify && request.filtered()) {
    return "--verify option can't be combined with filters";
  }
  if (request.verify && request.local) return "--verify option can't be combined with --local";
  return {};
}

std::vector<lfs::Lock> search_own(const LockSession& session, const lfs::LockSearch& search) {
  std::vector<lfs::Lock> found = session.cache().own().value_or(std::vector<lfs::Lock>{});
  std::erase_if(found, [&](const lfs::Lock& lock) {
    return (!search.path.empty() && lock.path != search.path) ||
           (!search.id.empty() && lock.id != search.id);
  });
  if (search.limit > 0 && found.size() > search.limit) found.resize(search.limit);
  return found;
}

template <typename T>
void take(Result<T> result, T& into, std::optional<Error>& failure) {
  if (result) {
    into = std::move(*result);
  } else {
    failure = result.error();
  }
}

Listing list(LockSession& session, const Request& request) {
  Listing listing;
  lfs::VerifiedLocks& locks = listing.locks;
  if (request.verify) {
    take(request.cached ? session.cache().verified(session.ref())
                        : session.client().verify(request.search.limit),
         locks, listing.failure);
  } else if (request.cached) {
    take(session.cache().listing(session.ref()), locks.theirs, listing.failure);
  } else if (request.local) {
    locks.theirs = search_own(session, request.search);
  } else {
    const auto searched = session.client().search(request.search, locks.theirs);
    if (!searched) listing.failure = searched.error();
  }
  return listing;
}

// "O a.bin  \talice\tID:1": one line a path, sorted, in columns.
void print_lines(std::ostream& out, const Listing& listing, bool verified) {
  struct Row {
    const lfs::Lock* lock;
    const char* mark;
  };
  std::vector<Row> rows;
  for (const lfs::Lock& lock : listing.locks.ours) rows.push_back({&lock, verified ? "O " : ""});
  for (const lfs::Lock& lock : listing.locks.theirs) rows.push_back({&lock, verified ? "  " : ""});
  std::ranges::stable_sort(rows, {},
                           [](const Row& row) { return std::string_view(row.lock->path); });
  std::size_t path_width = 0, owner_width = 0;
  for (const Row& row : rows) {
    path_width = std::max(path_width, printable(row.lock->path).size());
    owner_width = std::max(owner_width, printable(row.lock->owner).size());
  }
  const auto padded = [](std::string text, std::size_t width) {
    text.resize(std::max(width, text.size()), ' ');
    return text;
  };
  for (const Row& row : rows) {
    out << row.mark << padded(printable(row.lock->path), path_width) << '\t'
        << padded(printable(row.lock->owner), owner_width) << "\tID:" << printable(row.lock->id)
        << '\n';
  }
}

}  // namespace

Result<ExitCode> run_locks(Context& context, const Arguments& arguments) {
  Request request;
  request.local = arguments.is_set("local");
  request.cached = arguments.is_set("cached");
  request.verify = arguments.is_set("verify");
  request.json = arguments.is_set("json");
  request.search.id = arguments.value("id").value_or("");
  if (const auto limit = arguments.value("limit")) {
    const auto number = parse_int(*limit);
    if (!number) {
      return usage_error(context, "locks",
                         "invalid argument \"" + *limit + "\" for \"-l, --limit\" flag: " +
                             "strconv.ParseInt: parsing \"" + *limit + "\": invalid syntax");
    }
    request.search.limit = static_cast<std::uint64_t>(std::max<std::int64_t>(*number, 0));
  }
  auto opened = TRY(LockSession::open(context, arguments, Need::repository));
  if (const ExitCode* code = std::get_if<ExitCode>(&opened)) return *code;
  LockSession& session = std::get<1>(opened);
  if (const std::string given = arguments.value("path").value_or(""); !given.empty()) {
    request.search.path = TRY_CONTEXT("Error building filters", session.path_of(given));
  }
  if (const std::string wrong = complaint(request); !wrong.empty()) {
    context.err << wrong << '\n';
    return ExitCode::fatal;
  }
  const Listing listing = list(session, request);
  if (!request.json) {
    print_lines(context.out, listing, request.verify);
  } else if (!listing.failure) {
    context.out << lfs::go_json_line(request.verify ? lfs::verified_to_json(listing.locks)
                                                    : lfs::locks_to_json(listing.locks.theirs));
  }
  if (!listing.failure) return ExitCode::ok;
  hint_at_agents(context, *listing.failure);
  context.err << "Error while retrieving locks: " << listing.failure->message() << '\n';
  return ExitCode::fatal;
}

}  // namespace lazylfs::cli
