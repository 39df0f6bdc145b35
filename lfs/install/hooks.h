// The four Git hooks of LFS: pre-push, post-checkout, post-commit and post-merge.
#pragma once

#include <string>
#include <vector>

#include "lfs/base/result.h"
#include "lfs/git/config.h"
#include "lfs/git/repository.h"

namespace lazylfs::lfs {

// core.hooksPath ("~" expanded, relative to the work tree), else <common folder>/hooks.
std::string hooks_folder(const Repository& repository);
// The same from its parts; `base`: the work tree, or the git folder of a bare repository.
std::string hooks_folder(const Config& config, const std::string& common_folder,
                         const std::string& base);

// Writes the hooks that are missing, empty or of an older version; with `force` all of them.
// Errc::exists, with the foreign hook's text, at the first hook of somebody else's: those before
// it are written, as upstream does.
Result<void> install_hooks(const Repository& repository, bool force);

// Removes the hooks that are ours. One error for each foreign one, which stays.
std::vector<Error> uninstall_hooks(const Repository& repository);

// What `update --manual` prints: the text of every hook and where it belongs.
std::string hooks_by_hand(const Repository& repository);

// install_hooks without force for the commands that do it silently: four short reads when the hooks
// are there; never fails.
void ensure_hooks(const Repository& repository);
void ensure_hooks(const std::string& hooks_folder);

}  // namespace lazylfs::lfs
