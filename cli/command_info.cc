// version, help, completion, env, and what the build calls to write manual pages.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "cli/command_functions.h"
#include "cli/completion.h"
#include "cli/config_manual.h"
#include "cli/help.h"
#include "cli/mount_helper.h"
#include "cli/settings.h"
#include "fs/registry.h"
#include "lfs/api/endpoint.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/base/url.h"
#include "lfs/git/settings_table.h"

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
  if (const Command* mount = find_topic(commands, "mount")) {
    TRY(write_file_atomically(folder + "/mount.fuse.lazylfs.8", mount_helper_page(*mount, day)));
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

// Everything that can be typed or set, one line each; scripts/compatibility sets it beside others.
Result<void> write_inventory(std::span<const Command> commands, const std::string& folder) {
  std::string text;
  for (const Command& command : commands) {
    if (command.hidden) continue;
    text += "command\t" + std::string(command.name) + '\n';
    for (const Option& option : command.options) {
      text += std::string(option.hidden ? "hidden" : "flag") + '\t' + std::string(command.name) +
              " --" + std::string(option.name) + '\n';
    }
  }
  for (const lfs::Setting& setting : lfs::settings()) {
    text += "setting\t" + std::string(setting.key) + '\n';
  }
  for (const lfs::Variable& variable : lfs::environment_variables()) {
    text += "variable\t" + std::string(variable.name) + '\n';
  }
  return write_file_atomically(folder + "/inventory.tsv", text);
}

}  // namespace

Result<ExitCode> run_version(Context& context, const Arguments& arguments) {
  context.out << version_line() << '\n';
  if (arguments.is_set("comics")) context.out << "Nothing may see Gah Lak Tus and survive!\n";
  return ExitCode::ok;
}

Result<ExitCode> run_help(Context& context, const Arguments& arguments) {
  if (arguments.positional.empty()) {
    context.out << program_help(context.commands);
    return ExitCode::ok;
  }
  std::string topic = arguments.positional[0];
  if (arguments.positional.size() > 1) topic += ' ' + arguments.positional[1];
  if (topic == "config" || topic == "faq") {
    context.out << (topic == "config" ? config_help() : faq_help());
    return ExitCode::ok;
  }
  const Command* command = find_topic(context.commands, topic);
  if (command == nullptr) command = find_topic(context.commands, arguments.positional[0]);
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
    return usage_error(context, "completion",
                       "invalid argument " + go_quoted(shell) + " for \"git-lfs completion\"");
  }
  context.out << *script;
  return ExitCode::ok;
}

Result<ExitCode> run_generate(Context& context, const Arguments& arguments) {
  const std::string& folder = arguments.positional[1];
  TRY(make_folders(folder));
  if (arguments.positional[0] == "man") {
    TRY(write_pages(context.commands, folder));
    TRY(write_file_atomically(folder + "/git-lfs-config.5", config_manual_page(build_day())));
  } else if (arguments.positional[0] == "settings") {
    TRY(write_file_atomically(folder + "/settings.md", config_markdown()));
  } else if (arguments.positional[0] == "inventory") {
    TRY(write_inventory(context.commands, folder));
  } else if (arguments.positional[0] == "completion") {
    TRY(write_completions(context.commands, folder));
  } else {
    return Error(Errc::invalid,
                 "generate makes \"man\", \"completion\", \"settings\" or \"inventory\"");
  }
  return ExitCode::ok;
}

}  // namespace lazylfs::cli
