#include <algorithm>

#include "cli/command_functions.h"
#include "cli/settings.h"
#include "lfs/filter/extension.h"

namespace lazylfs::cli {
namespace {

void print(std::ostream& out, const lfs::Extension& extension) {
  out << "Extension: " << extension.name << "\n    clean = " << extension.clean
      << "\n    smudge = " << extension.smudge << "\n    priority = " << extension.priority << '\n';
}

}  // namespace

// As upstream's, it is content with whatever words follow.
Result<ExitCode> run_ext(Context& context, const Arguments& arguments) {
  const Settings settings = TRY(Settings::load(arguments));
  const Result<std::vector<lfs::Extension>> sorted =
      lfs::sorted_extensions(settings.config(), lfs::Extensions::all);
  if (!sorted) {
    context.out << sorted.error().message() << '\n';
    return ExitCode::ok;
  }
  for (const lfs::Extension& extension : *sorted) print(context.out, extension);
  return ExitCode::ok;
}

Result<ExitCode> run_ext_list(Context& context, const Arguments& arguments) {
  if (arguments.positional.empty()) return run_ext(context, arguments);
  const Settings settings = TRY(Settings::load(arguments));
  const std::vector<lfs::Extension> extensions = lfs::all_extensions(settings.config());
  for (const std::string& name : arguments.positional) {
    const auto found = std::ranges::find(extensions, name, &lfs::Extension::name);
    print(context.out, found == extensions.end() ? lfs::Extension() : *found);
  }
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
