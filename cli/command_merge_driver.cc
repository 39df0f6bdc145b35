// merge-driver: three revisions of a tracked file become one. The revisions are turned into
// content, a program merges them, and its result is cleaned into a pointer for git.
//
// A program that fails without a result (git merge-file does, for binary files) leaves our side of
// the merge as it is: git then reports a conflict, and nothing of the user's is lost.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "cli/command_functions.h"
#include "cli/content_of_file.h"
#include "cli/filter_session.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/filter/clean.h"

namespace lazylfs::cli {
namespace {

constexpr std::int64_t kDefaultMarkerSize = 12;
// A person may sit in front of a merge tool for as long as it takes.
constexpr std::chrono::hours kMergeTimeMax{24 * 7};

constexpr auto kRevisions = std::to_array<std::string_view>({"ancestor", "current", "other"});

// What the merge works on. A value.
struct Merge {
  std::array<std::string, kRevisions.size()> contents;  // files, in the order of kRevisions
  std::string output;
  std::string program;
  std::int64_t marker_size = kDefaultMarkerSize;
};

// Files in the store's tmp/, removed at the end whatever happens. Thread-compatible.
class TemporaryFiles {
 public:
  explicit TemporaryFiles(const lfs::ObjectStore& store) : store_(store) {}
  TemporaryFiles(const TemporaryFiles&) = delete;
  TemporaryFiles& operator=(const TemporaryFiles&) = delete;
  ~TemporaryFiles() {
    for (const std::string& path : paths_) ::unlink(path.c_str());
  }
  Result<lfs::ObjectStore::Temporary> make() {
    lfs::ObjectStore::Temporary made = TRY(store_.make_temporary());
    paths_.push_back(made.path);
    return made;
  }

 private:
  const lfs::ObjectStore& store_;
  std::vector<std::string> paths_;
};

std::string quoted_for_shell(std::string_view word) {
  std::string quoted = "'";
  for (const char letter : word) {
    if (letter == '\'') {
      quoted += "'\\''";
    } else {
      quoted += letter;
    }
  }
  return quoted + '\'';
}

// `program` with %A, %B, %O, %D, %L and %% filled in, each file name quoted; what else follows a
// percent sign vanishes with it.
std::string fill_in(std::string_view program, const Merge& merge, const std::string& result) {
  std::string line;
  for (std::size_t at = 0; at < program.size(); ++at) {
    if (program[at] != '%') {
      line += program[at];
      continue;
    }
    if (++at == program.size()) break;
    switch (program[at]) {
      case 'O':
        line += quoted_for_shell(merge.contents[0]);
        break;
      case 'A':
        line += quoted_for_shell(merge.contents[1]);
        break;
      case 'B':
        line += quoted_for_shell(merge.contents[2]);
        break;
      case 'D':
        line += quoted_for_shell(result);
        break;
      case 'L':
        line += std::to_string(merge.marker_size);
        break;
      case '%':
        line += '%';
        break;
      default:
        break;
    }
  }
  return line;
}

// Runs the user's program, or git merge-file, whose standard output is the result. Its exit code.
Result<int> run_merge(Context& context, const Merge& merge, const std::string& result) {
  lazylfs::Command command;
  if (merge.program.empty()) {
    command.argv = {"git", "merge-file", "--stdout",
                    "--marker-size=" + std::to_string(merge.marker_size)};
    for (const char* label : {"ours", "ancestor", "theirs"}) {
      command.argv.insert(command.argv.end(), {"-L", label});
    }
    command.argv.insert(command.argv.end(),
                        {merge.contents[1], merge.contents[0], merge.contents[2]});
  } else {
    command.argv = {"sh", "-c", fill_in(merge.program, merge, result)};
  }
  ChildProcess child = TRY(ChildProcess::start(command));
  child.close_stdin();
  lfs::FdInput said(child.stdout_fd());
  if (merge.program.empty()) {
    const Fd file = TRY(open_file(result, O_WRONLY | O_TRUNC));
    lfs::FdOutput output(file.get());
    TRY(lfs::copy_stream(said, output));
  } else {
    // The program's result is the file; what it says is for people.
    context.err.flush();
    lfs::FdOutput output(STDERR_FILENO);
    TRY(lfs::copy_stream(said, output));
  }
  return child.wait(kMergeTimeMax);
}

Result<void> write_pointer_of(const FilterSession& session, const std::string& result,
                              const std::string& output) {
  const std::vector<lfs::Extension> extensions = TRY(lfs::sorted_extensions(session.config()));
  const Fd file = TRY(open_file(result, O_RDONLY));
  lfs::FdInput input(file.get());
  const lfs::Cleaned cleaned = TRY(lfs::clean(input, session.store(), extensions, output));
  // Not by rename: git made the file and reads it again through its own name and mode.
  const Fd target = TRY(open_file(output, O_WRONLY | O_CREAT | O_TRUNC));
  return write_all(target.get(), cleaned.text);
}

Result<ExitCode> merge_revisions(Context& context, FilterSession& session, Merge merge) {
  TemporaryFiles temporaries(session.store());
  for (std::string& path : merge.contents) {
    const FileFront front =
        TRY_CONTEXT("could not decode pointer when merging", read_file_front(path));
    // git merge-file only reads; another program may change what it is given.
    if (!front.pointer && merge.program.empty()) continue;
    lfs::ObjectStore::Temporary copy = TRY(temporaries.make());
    lfs::FdOutput output(copy.fd.get());
    TRY_CONTEXT("could not merge", write_content_of(session, path, front, merge.output, output));
    path = copy.path;
  }
  const std::string result = TRY(temporaries.make()).path;
  const int code = TRY(run_merge(context, merge, result));

  struct stat status {};
  const bool empty = ::stat(result.c_str(), &status) != 0 || status.st_size == 0;
  if (code != 0 && empty) {
    context.err << "The merge failed without a result; \"" << merge.output
                << "\" keeps the current version.\n";
    // git takes more than 128 from a driver for its crash, and ends the whole merge.
    return merge.program.empty() ? ExitCode::problem : static_cast<ExitCode>(code);
  }
  TRY_CONTEXT("could not store the result of the merge",
              write_pointer_of(session, result, merge.output));
  return static_cast<ExitCode>(code);
}

}  // namespace

Result<ExitCode> run_merge_driver(Context& context, const Arguments& arguments) {
  Merge merge;
  for (std::size_t i = 0; i < kRevisions.size(); ++i) {
    merge.contents.at(i) = arguments.value_or(kRevisions.at(i), "");
  }
  merge.output = arguments.value_or("output", "");
  merge.program = arguments.value_or("program", "");
  if (const auto given = arguments.value("marker-size")) {
    const auto number = parse_int(*given);
    if (!number) {
      return usage_error(context, "merge-driver",
                         "invalid argument \"" + *given + "\" for \"--marker-size\" flag: " +
                             "strconv.ParseInt: parsing \"" + *given + "\": invalid syntax");
    }
    merge.marker_size = *number;
  }
  if (merge.output.empty() || std::ranges::find(merge.contents, "") != merge.contents.end()) {
    context.err << "the --ancestor, --current, --other, and --output options are mandatory\n";
    return ExitCode::fatal;
  }
  auto opened = TRY(FilterSession::open(context));
  if (const auto* code = std::get_if<ExitCode>(&opened)) return *code;
  return merge_revisions(context, *std::get<std::unique_ptr<FilterSession>>(opened),
                         std::move(merge));
}

}  // namespace lazylfs::cli
