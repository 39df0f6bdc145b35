// version, help, completion, env, and what the build calls to write manual pages.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "cli/command_functions.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/settings.h"
#include "fs/registry.h"
#include "lfs/api/endpoint.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/base/url.h"

namespace lazylfs::cli {
namespace {

const Command* find_topic(std::span<const Command> commands, const std::string& topic) {
  const auto found = std::ranges::find(commands, std::string_view(topic), &Command::name);
  return found == commands.end() ? nullptr : &*found;
}

// The day of the build, or the one that makes builds reproducible.
std::string build_day() {
  const auto fixed = parse_int(env_or_empty("SOURCE_DATE_EPOCH"));
  return format_time(fixed.value_or(std::time(nullptr))).substr(0, 10);
}

Result<void> write_pages(std::span<const Command> commands, const std::string& folder) {
  const std::string day = build_day();
  TRY(write_file_atomically(folder + "/git-lfs.1", manual_page(commands, nullptr, day)));
  for (const Command& command : commands) {
    if (command.hidden) continue;
    TRY(write_file_atomically(folder + '/' + manual_page_name(command) + ".1",
                              manual_page(commands, &command, day)));
  }
  return {};
}

Result<void> write_completions(std::span<const Command> commands, const std::string& folder) {
  constexpr std::array<std::pair<const char*, const char*>, 3> kFiles = {
      {{"bash", "/git-lfs"}, {"fish", "/git-lfs.fish"}, {"zsh", "/_git-lfs"}}};
  for (const auto& [shell, file] : kFiles) {
    const std::string script = TRY(completion_script(commands, shell));
    TRY(write_file_atomically(folder + file, script));
  }
  return {};
}

void print_endpoints(std::ostream& out, const Settings& settings) {
  const lfs::Config& config = settings.config();
  const lfs::Repository& repository = *settings.repository();
  const std::string remote = lfs::default_remote(config, repository.current_branch());
  const auto endpoint =
      lfs::find_endpoint(config, remote, lfs::Operation::download, repository.common_folder());
  if (!endpoint) return;
  const auto url = Url::parse(endpoint->url);
  const std::string access =
      url ? config.get_for_url("lfs", *url, "access").value_or("none") : "none";
  out << (remote == "origin" ? "Endpoint=" : "Endpoint (" + remote + ")=")
      << redact_url(endpoint->url) << " (auth=" << access << ")\n";
  if (endpoint->ssh) {
    out << "  SSH=" << endpoint->ssh->user_and_host << ':' << endpoint->ssh->path << '\n';
  }
}

void print_folders(std::ostream& out, const lfs::Repository* repository) {
  const std::string git_folder = repository == nullptr ? "" : repository->git_folder();
  const std::string common = repository == nullptr ? "" : repository->common_folder();
  out << "LocalWorkingDir=" << (repository == nullptr ? "" : repository->work_tree()) << '\n'
      << "LocalGitDir=" << git_folder << '\n'
      << "LocalGitStorageDir=" << common << '\n';
}

}  // namespace

Result<ExitCode> run_version(Context& context, const Arguments&) {
  context.out << version_line() << '\n';
  return ExitCode::ok;
}

Result<ExitCode> run_help(Context& context, const Arguments& arguments) {
  if (arguments.positional.empty()) {
    context.out << program_help(context.commands);
    return ExitCode::ok;
  }
  std::string topic = arguments.positional[0];
  if (arguments.positional.size() > 1) topic += ' ' + arguments.positional[1];
  const Command* command = find_topic(context.commands, topic);
  if (command == nullptr) {
    context.err << "Unknown help topic [`" << topic << "`]\n";
    context.out << program_help(context.commands);
    return ExitCode::ok;
  }
  context.out << command_help(context.commands, *command);
  return ExitCode::ok;
}

Result<ExitCode> run_completion(Context& context, const Arguments& arguments) {
  const std::string& shell = arguments.positional[0];
  const auto script = completion_script(context.commands, shell);
  if (!script) {
    context.err << "Error: invalid argument \"" << shell << "\" for \"git-lfs completion\"\n"
                << "Run 'git-lfs completion --help' for usage.\n";
    return ExitCode::usage;
  }
  context.out << *script;
  return ExitCode::ok;
}

Result<ExitCode> run_generate(Context& context, const Arguments& arguments) {
  const std::string& folder = arguments.positional[1];
  TRY(make_folders(folder));
  if (arguments.positional[0] == "man") {
    TRY(write_pages(context.commands, folder));
  } else if (arguments.positional[0] == "completion") {
    TRY(write_completions(context.commands, folder));
  } else {
    return Error(Errc::invalid, "generate makes \"man\" or \"completion\"");
  }
  return ExitCode::ok;
}

Result<ExitCode> run_env(Context& context, const Arguments& arguments) {
  const Settings settings = TRY(Settings::load(arguments));
  context.out << version_line() << '\n';
  lazylfs::Command ask_git;
  ask_git.argv = {"git", "--version"};
  const auto git = run_command_checked(ask_git);
  context.out << (git ? std::string(trim(*git)) : "git version unknown") << "\n\n";
  if (settings.repository() != nullptr) print_endpoints(context.out, settings);
  print_folders(context.out, settings.repository());
  const cache::CacheOptions cache = TRY(settings.cache_options());
  context.out << "CacheDir=" << cache.folder << '\n'
              << "CacheSizeMax=" << cache.size_max << '\n'
              << "CacheFreeSpaceMin=" << cache.free_space_min << '\n';
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (text.starts_with("GIT_")) context.out << text << '\n';
  }
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
