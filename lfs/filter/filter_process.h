// Git's long-running filter protocol, version 2, with the capability "delay".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lfs/base/result.h"
#include "lfs/filter/downloads.h"
#include "lfs/filter/extension.h"
#include "lfs/filter/smudge.h"
#include "lfs/store/object_store.h"

namespace lazylfs::lfs {

// What the session needs of its surroundings; everything must outlive it.
struct FilterSetup {
  const ObjectStore& store;
  const std::vector<Extension>& extensions;
  const SmudgeRules& rules;
  Downloads& downloads;
  // What the index says a path held before; may be empty.
  std::function<std::optional<ObjectId>(const std::string& path)> formerly;
  bool skip_download_errors = false;
  // A download that failed: says so to the user.
  std::function<void(const Error& error)> report_failure;
};

// What the user is told at the end.
struct FilterReport {
  std::vector<std::string> not_pointers;  // smudged files that were no pointers
  std::vector<std::string> huge_files;    // of 4 GiB and more
  // A download failed that must not: exit code 2. Git was given the pointer's text.
  bool failed = false;
};

// Speaks with git until it closes `in`. Memory: a few packets, and the names of delayed files.
// An error when git breaks the protocol, and when cleaning fails.
Result<FilterReport> serve_filter(const FilterSetup& setup, int in, int out);

}  // namespace lazylfs::lfs
