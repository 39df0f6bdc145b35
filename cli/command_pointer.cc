// Everything but the pointer itself goes to stderr, as upstream does, so that scripts can take the
// pointer from stdout.
#include <fcntl.h>
#include <unistd.h>

#include "cli/command_functions.h"
#include "cli/settings.h"
#include "lfs/base/fd.h"
#include "lfs/base/process.h"
#include "lfs/base/sha256.h"
#include "lfs/base/text.h"
#include "lfs/filter/clean.h"
#include "lfs/filter/extension.h"
#include "lfs/filter/smudge.h"
#include "lfs/pointer/pointer.h"

namespace lazylfs::cli {
namespace {

// Hashes what is written, and keeps nothing.
class HashOutput final : public lfs::ByteOutput {
 public:
  Result<void> write(std::span<const std::byte> data) override {
    hash_.update(data);
    return {};
  }
  ObjectId id() const { return {hash_.digest(), hash_.bytes_hashed()}; }

 private:
  Sha256 hash_;
};

// "open x: no such file or directory", as upstream words it.
Error open_error(const std::string& path, const Error& error) {
  if (error.code() != Errc::not_found) return error;
  return {error.code(), "open " + path + ": no such file or directory"};
}

Result<Fd> open_input(const std::string& path) {
  Result<Fd> file = open_file(path, O_RDONLY);
  if (!file) return open_error(path, file.error());
  return file;
}

// 0: a pointer; 1: none; 2: not canonical although `strict`, or unreadable.
Result<ExitCode> check(Context& context, const Arguments& arguments) {
  const bool from_stdin = arguments.is_set("stdin");
  const std::string file = arguments.value_or("file", "");
  const bool strict = arguments.is_set("strict");
  const auto refuse = [&](const char* text) {
    context.err << text << '\n';
    return ExitCode::fatal;
  };
  if (strict && arguments.is_set("no-strict")) {
    return refuse("Cannot combine --strict with --no-strict");
  }
  if (!arguments.value_or("pointer", "").empty()) {
    return refuse("Cannot combine --check with --compare");
  }
  if (file.empty() && !from_stdin) {
    return refuse("Must specify either --file or --stdin with --compare");
  }
  if (!file.empty() && from_stdin) {
    return refuse("With --check, --file cannot be combined with --stdin");
  }
  Fd opened;
  if (!from_stdin) opened = TRY(open_input(file));
  lfs::FdInput input(from_stdin ? STDIN_FILENO : opened.get());
  const lfs::PointerFront front = TRY(lfs::read_pointer_front(input));
  if (!front.pointer) return ExitCode::problem;
  return strict && !front.pointer->canonical ? ExitCode::fatal : ExitCode::ok;
}

Result<std::string> blob_oid(const std::string& text) {
  lazylfs::Command command;
  command.argv = {"git", "hash-object", "--stdin"};
  RunOptions options;
  options.input = text;
  return std::string(trim(TRY(run_command_checked(command, options))));
}

struct Built {
  std::string text;
  bool with_extensions = false;
};

// The pointer of `path`; nothing is stored.
Result<Built> build(Context& context, const Arguments& arguments, const std::string& path) {
  const Fd file = TRY(open_input(path));
  std::vector<lfs::Extension> extensions;
  if (!arguments.is_set("no-extensions")) {
    const Settings settings = TRY(Settings::load(arguments));
    extensions = TRY(lfs::sorted_extensions(settings.config()));
  }
  lfs::FdInput input(file.get());
  HashOutput output;
  lfs::Pointer pointer;
  if (extensions.empty()) {
    TRY_CONTEXT("read " + path, lfs::copy_stream(input, output));
  } else {
    context.err << "warning: Using LFS extensions, use --no-extensions for a plain pointer.\n";
    pointer.extensions = TRY(lfs::clean_through(extensions, path, input, output));
  }
  pointer.oid = output.id().oid;
  pointer.size = output.id().size;
  std::string text = lfs::format_pointer(pointer);
  return Built{std::move(text), !extensions.empty()};
}

// The words of upstream for a text that is no pointer.
std::string parse_complaint(const Error& error) {
  return error.code() == Errc::not_found ? "Pointer file error: invalid header" : error.message();
}

// The pointer to compare with: its text as written, and whether it is one.
struct Given {
  std::string text;
  bool valid = false;
};

Result<Given> read_given(Context& context, const Arguments& arguments) {
  const bool from_stdin = arguments.is_set("stdin");
  const std::string name = arguments.value_or("pointer", "");
  Fd opened;
  if (!from_stdin) opened = TRY(open_input(name));
  context.err << "Pointer from " << (from_stdin ? "STDIN" : name) << "\n\n";
  lfs::FdInput input(from_stdin ? STDIN_FILENO : opened.get());
  lfs::PointerFront front = TRY(lfs::read_pointer_front(input));
  if (front.pointer) {
    context.err << front.text;
    return Given{std::move(front.text), true};
  }
  const Result<lfs::Pointer> parsed = lfs::parse_pointer(front.text);
  context.err << (parsed ? "Pointer file error: invalid header" : parse_complaint(parsed.error()))
              << '\n';
  return Given{};
}

Result<ExitCode> compare(Context& context, const Built& built, const Given& given) {
  context.err << "\nGit blob OID: " << TRY(blob_oid(given.text)) << '\n';
  if (built.text == given.text) return ExitCode::ok;
  context.err << "\nPointers do not match\n";
  if (built.with_extensions || given.text.find("\next-") != std::string::npos) {
    context.err << "note: Mismatch may be due to differing LFS extensions.\n";
  }
  return ExitCode::problem;
}

Result<ExitCode> show(Context& context, const Arguments& arguments) {
  const std::string file = arguments.value_or("file", "");
  const bool from_stdin = arguments.is_set("stdin");
  const bool compares = from_stdin || !arguments.value_or("pointer", "").empty();
  if (file.empty() && !compares) return Error(Errc::invalid, "Nothing to do!");

  Built built;
  if (!file.empty()) {
    built = TRY(build(context, arguments, file));
    context.err << "Git LFS pointer for " << file << "\n\n";
    context.err.flush();
    context.out << built.text;
    context.out.flush();
    if (compares) context.err << "\nGit blob OID: " << TRY(blob_oid(built.text)) << "\n\n";
  }
  if (!compares) return ExitCode::ok;
  if (from_stdin && !arguments.value_or("pointer", "").empty()) {
    return Error(Errc::invalid, "cannot read from STDIN and --pointer");
  }
  const Given given = TRY(read_given(context, arguments));
  if (!given.valid) return ExitCode::problem;
  return file.empty() ? ExitCode::ok : compare(context, built, given);
}

}  // namespace

Result<ExitCode> run_pointer(Context& context, const Arguments& arguments) {
  if (arguments.is_set("check")) return check(context, arguments);
  const Result<ExitCode> code = show(context, arguments);
  if (code) return code;
  context.err << code.error().message() << '\n';
  return ExitCode::problem;
}

}  // namespace lazylfs::cli
