// mount(8) hands over the options of the command line or of fstab as one text, after it has taken
// what is its own. What is left is of four kinds: ours, which become options of `git lfs mount`;
// those that every mount of ours fulfils anyway; notes to other programs (_netdev, x-systemd…); and
// those that we cannot honour, which must not be dropped in silence.
#include "cli/mount_helper.h"

#include <algorithm>
#include <array>
#include <optional>

#include "fs/backend.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/url.h"

namespace lazylfs::cli {
namespace {

constexpr int kWrongCall = 1;  // mount(8)'s exit codes
constexpr int kMountFailed = 32;

constexpr auto kSwitches = std::to_array<std::string_view>(
    {"all-refs", "allow-other", "follow", "no-exec", "offline", "small-files"});
constexpr auto kValues =
    std::to_array<std::string_view>({"cache", "cache-size", "follow-interval", "gid", "passthrough",
                                     "read-deadline", "ref", "remote", "subdir", "uid"});
// True of each mount, or without meaning for one that nobody writes to; or a note to others. "rw"
// is what mount(8) says when nobody said "ro".
constexpr auto kFulfilled = std::to_array<std::string_view>(
    {"ro",         "rw",          "nosuid",     "nodev",
     "exec",       "noatime",     "nodiratime", "relatime",
     "norelatime", "strictatime", "atime",      "diratime",
     "lazytime",   "nolazytime",  "async",      "sync",
     "dirsync",    "nomand",      "silent",     "loud",
     "defaults",   "auto",        "noauto",     "user",
     "nouser",     "users",       "nousers",    "owner",
     "noowner",    "group",       "nogroup",    "nostrictatime",
     "nofail",     "_netdev",     "comment",    "default-permissions",
     "noiversion"});
// With why not.
struct Impossible {
  std::string_view name, reason;
};
constexpr auto kImpossible = std::to_array<Impossible>({
    {"remount", "unmount it and mount it again"},
    {"bind", "a bind mount has no type"},
    {"suid", "programs in a mount never change their user"},
    {"dev", "a mount has no devices"},
});

template <std::size_t kCount>
bool is_one_of(std::string_view name, const std::array<std::string_view, kCount>& names) {
  return std::ranges::find(names, name) != names.end();
}

// Splits at commas; one inside quotes, or after a backslash, belongs to the value.
std::vector<std::string> split_options(std::string_view text) {
  std::vector<std::string> options(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      options.back() += text[++i];
    } else if (text[i] == ',' && !quoted) {
      options.emplace_back();
    } else {
      options.back() += text[i];
    }
  }
  std::erase(options, "");
  return options;
}

// The option as an option of `git lfs mount`; empty when there is nothing to say.
Result<std::string> translate(const std::string& option, bool sloppy) {
  const std::size_t equals = option.find('=');
  const bool has_value = equals != std::string::npos;
  std::string name = option.substr(0, equals);
  if (name.starts_with("x-") || name.starts_with("X-")) return std::string();
  // allow_other, as FUSE spells it, and allow-other, as the command does.
  std::replace(name.begin() + (name.starts_with('_') ? 1 : 0), name.end(), '_', '-');
  if (name == "noexec") name = "no-exec";
  const std::string value = has_value ? option.substr(equals + 1) : "";
  if (is_one_of(name, kSwitches)) {
    if (!has_value) return "--" + name;
    return Error(Errc::invalid, "the option " + name + " takes no value");
  }
  if (is_one_of(name, kValues)) {
    if (!value.empty()) return "--" + name + "=" + value;
    return Error(Errc::invalid, "the option " + name + " needs a value");
  }
  if (is_one_of(name, kFulfilled)) return std::string();
  const auto impossible = std::ranges::find(kImpossible, name, &Impossible::name);
  if (impossible != kImpossible.end()) {
    return Error(Errc::unsupported,
                 "the option " + name + " is not possible: " + std::string(impossible->reason));
  }
  if (sloppy) return std::string();
  return Error(Errc::invalid,
               "unknown option \"" + name + "\"; 'git lfs mount --help' lists those that exist");
}

struct Words {
  std::vector<std::string> positional, options;
  bool sloppy = false, fake = false, verbose = false;
};

// One word of letters, "-sv". Returns the letter whose value is the next word, or 0.
Result<char> take_letters(const std::string& word, Words& words) {
  for (std::size_t i = 1; i < word.size(); ++i) {
    const char letter = word[i];
    if (letter == 's') words.sloppy = true;
    if (letter == 'f') words.fake = true;
    if (letter == 'v') words.verbose = true;
    if (std::string_view("sfvnrwi").find(letter) != std::string_view::npos) continue;
    if (std::string_view("otN").find(letter) == std::string_view::npos) {
      return Error(Errc::invalid, std::string("unknown option -") + letter);
    }
    if (i + 1 == word.size()) return letter;
    if (letter == 'o') words.options.push_back(word.substr(i + 1));
    return '\0';
  }
  return '\0';
}

Result<Words> take_apart(std::span<const std::string> given) {
  Words words;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string& word = given[i];
    if (word.size() < 2 || word[0] != '-') {
      words.positional.push_back(word);
      continue;
    }
    const char letter = TRY(take_letters(word, words));
    if (letter == '\0') continue;
    if (++i == given.size()) {
      return Error(Errc::invalid, std::string("the option -") + letter + " needs a value");
    }
    if (letter == 'o') words.options.push_back(given[i]);
  }
  if (words.positional.size() != 2) {
    return Error(Errc::invalid, "usage: mount.fuse.lazylfs <repository> <folder> [-o <options>]");
  }
  return words;
}

}  // namespace

bool is_mount_helper(std::string_view program) {
  const std::string_view name = program.substr(program.rfind('/') + 1);
  return name == "mount.fuse.lazylfs" || name == "mount.lazylfs";
}

bool is_mount_helper_option(std::string_view name) {
  return is_one_of(name, kSwitches) || is_one_of(name, kValues);
}

Result<MountHelperCall> parse_mount_helper(std::span<const std::string> given) {
  const Words words = TRY(take_apart(given));
  MountHelperCall call{.arguments = {"mount"}, .fake = words.fake, .verbose = words.verbose};
  for (const std::string& text : words.options) {
    for (const std::string& option : split_options(text)) {
      std::string argument = TRY(translate(option, words.sloppy));
      if (!argument.empty()) call.arguments.push_back(std::move(argument));
    }
  }
  std::string source = words.positional[0];
  // What the kernel's table shows is what fstab has, so that `mount -a` knows that it is mounted.
  constexpr std::string_view kPrefix = "lazylfs:";
  if (source.starts_with(kPrefix)) {
    source.erase(0, kPrefix.size());
  } else {
    call.arguments.push_back("--shown-source=" +
                             (fs::is_remote_source(source) ? redact_url(source) : source));
  }
  call.arguments.insert(call.arguments.end(), {"--", source, words.positional[1]});
  return call;
}

int run_mount_helper(Context& context, std::span<const std::string> words) {
  const auto complain = [&context](const Error& error) {
    context.err << "mount.fuse.lazylfs: " << error.message() << '\n';
    return kWrongCall;
  };
  const auto call = parse_mount_helper(words);
  if (!call) return complain(call.error());
  if (call->verbose) {
    context.err << "git-lfs";
    for (const std::string& word : call->arguments) {
      context.err << ' ' << (fs::is_remote_source(word) ? redact_url(word) : word);
    }
    context.err << '\n';
  }
  if (call->fake) return 0;
  const ExitCode code = run_command_line(context, call->arguments);
  if (code == ExitCode::ok) return 0;
  return code == ExitCode::usage ? kWrongCall : kMountFailed;
}

}  // namespace lazylfs::cli
