#include "lfs/install/hooks.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string_view>

#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/text.h"
#include "lfs/base/trace.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {
namespace {

constexpr std::size_t kCompareBytesMax = 1024;  // of a hook are looked at, as upstream does

// "{}" stands for the hook's name.
constexpr std::string_view kBody =
    "#!/bin/sh\n"
    "command -v git-lfs >/dev/null 2>&1 || { printf >&2 \"\\n%s\\n\\n\" \"This repository is "
    "configured for Git LFS but 'git-lfs' was not found on your path. If you no longer wish to use "
    "Git LFS, remove this hook by deleting the '{}' file in the hooks directory (set by "
    "'core.hookspath'; usually '.git/hooks').\"; exit 2; }\n"
    "git lfs {} \"$@\"";

// The bodies of earlier versions, which may be replaced.
constexpr std::string_view kOldGuard =
    "#!/bin/sh\n"
    "command -v git-lfs >/dev/null 2>&1 || { echo >&2 \"\\nThis repository is configured for Git "
    "LFS but 'git-lfs' was not found on your path. If you no longer wish to use Git LFS, remove "
    "this hook by deleting @.\\n\"; exit 2; }\n"
    "git lfs {} \"$@\"";
// What stood at the '@' of the old guard.
constexpr auto kOldPlaces = std::to_array<std::string_view>({
    ".git/hooks/{}",
    "'.git/hooks/{}'",
    "the '{}' file in the hooks directory (set by 'core.hookspath'; usually '.git/hooks')",
});
constexpr auto kOldPrePush = std::to_array<std::string_view>({
    "#!/bin/sh\ngit lfs push --stdin $*",
    "#!/bin/sh\ngit lfs push --stdin \"$@\"",
    "#!/bin/sh\ngit lfs pre-push \"$@\"",
    "#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || { echo >&2 \"\\nThis repository has been set "
    "up with Git LFS but Git LFS is not installed.\\n\"; exit 0; }\ngit lfs pre-push \"$@\"",
    "#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || { echo >&2 \"\\nThis repository has been set "
    "up with Git LFS but Git LFS is not installed.\\n\"; exit 2; }\ngit lfs pre-push \"$@\"",
});
constexpr auto kHooks =
    std::to_array<std::string_view>({"pre-push", "post-checkout", "post-commit", "post-merge"});

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string result;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what)) {
    result.append(text.substr(0, at)).append(by);
    text.remove_prefix(at + what.size());
  }
  return result.append(text);
}

std::string current_body(std::string_view hook) { return replaced(kBody, "{}", hook); }

bool is_old_body(std::string_view hook, std::string_view text) {
  for (const std::string_view place : kOldPlaces) {
    if (text == replaced(replaced(kOldGuard, "@.", std::string(place) + '.'), "{}", hook)) {
      return true;
    }
  }
  return hook == "pre-push" && std::ranges::find(kOldPrePush, text) != kOldPrePush.end();
}

// Without the white space around it and in front of its lines.
std::string undented(std::string_view text) {
  std::string result;
  for (std::string_view line : split(text, '\n')) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    result.append(line) += '\n';
  }
  return std::string(trim(result));
}

std::string indented(std::string_view text) { return '\t' + replaced(text, "\n", "\n\t"); }

enum class HookState { missing, current, old, foreign };
struct Hook {
  std::string_view name;
  std::string path;
  HookState state = HookState::missing;
  std::string text;  // undented
};

Result<Hook> look_at(const std::string& folder, std::string_view name) {
  Hook hook{name, folder + '/' + std::string(name), HookState::missing, {}};
  const Result<Fd> file = open_file(hook.path, O_RDONLY | O_NONBLOCK);
  if (!file) {
    if (file.error().sys_errno() == ENOENT) return hook;
    return file.error();
  }
  std::string bytes(kCompareBytesMax, '\0');
  bytes.resize(TRY_CONTEXT("read " + hook.path,
                           read_full(file->get(), std::as_writable_bytes(std::span(bytes)))));
  hook.text = undented(bytes);
  if (hook.text == current_body(name)) {
    hook.state = HookState::current;
  } else if (hook.text.empty() || is_old_body(name, hook.text)) {
    hook.state = HookState::old;
  } else {
    hook.state = HookState::foreign;
  }
  return hook;
}

Error foreign_hook(const Hook& hook) {
  return {Errc::exists,
          "Hook already exists: " + std::string(hook.name) + "\n\n" + indented(hook.text) + '\n'};
}

// In place when it is a link (a hooks folder may be a farm of links), else by rename. Always
// executable: Git skips a hook that is not.
Result<void> write_hook(const Hook& hook) {
  const std::string text = current_body(hook.name) + '\n';
  struct stat status {};
  if (::lstat(hook.path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
    const Fd file = TRY(open_file(hook.path, O_WRONLY | O_CREAT | O_TRUNC, 0755));
    return write_all(file.get(), text);
  }
  return write_file_atomically(hook.path, text, Durability::none, 0755);
}

}  // namespace

std::string hooks_folder(const Config& config, const std::string& common_folder,
                         const std::string& base) {
  const std::string configured = config.get("core.hookspath").value_or("");
  if (configured.empty()) return common_folder + "/hooks";
  if (configured.starts_with('/')) return absolute_path(configured);
  if (configured == "~" || configured.starts_with("~/")) {
    return absolute_path(home_folder() + configured.substr(1));
  }
  return absolute_path(base + '/' + configured);
}

std::string hooks_folder(const Repository& repository) {
  return hooks_folder(repository.config(), repository.common_folder(),
                      repository.is_bare() ? repository.git_folder() : repository.work_tree());
}

static Result<void> install_hooks_in(const std::string& folder, bool force) {
  for (const std::string_view name : kHooks) {
    const Hook hook = TRY(look_at(folder, name));
    if (hook.state == HookState::foreign && !force) return foreign_hook(hook);
    if (hook.state == HookState::current && !force) continue;
    TRY(make_folders(folder));
    TRY(write_hook(hook));
  }
  return {};
}

Result<void> install_hooks(const Repository& repository, bool force) {
  return install_hooks_in(hooks_folder(repository), force);
}

std::vector<Error> uninstall_hooks(const Repository& repository) {
  const std::string folder = hooks_folder(repository);
  std::vector<Error> errors;
  for (const std::string_view name : kHooks) {
    const Result<Hook> hook = look_at(folder, name);
    if (!hook) {
      errors.push_back(hook.error());
    } else if (hook->state == HookState::foreign) {
      errors.push_back(foreign_hook(*hook));
    } else if (hook->state != HookState::missing && ::unlink(hook->path.c_str()) != 0) {
      errors.push_back(Error::from_errno("remove " + hook->path, errno));
    }
  }
  return errors;
}

std::string hooks_by_hand(const Repository& repository) {
  const std::string folder = hooks_folder(repository);
  const bool usual = folder == repository.common_folder() + "/hooks";
  std::string text;
  for (const std::string_view name : kHooks) {
    if (!text.empty()) text += "\n\n";
    text += "Add the following to '" + (usual ? ".git/hooks" : folder) + '/' + std::string(name) +
            "':\n\n" + indented(current_body(name));
  }
  return text;
}

void ensure_hooks(const Repository& repository) { ensure_hooks(hooks_folder(repository)); }

void ensure_hooks(const std::string& hooks_folder) {
  const Result<void> installed = install_hooks_in(hooks_folder, false);
  if (!installed) {
    TRACE(TraceArea::general, "hooks are not installed: " << installed.error().message());
  }
}

}  // namespace lazylfs::lfs
