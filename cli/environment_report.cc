#include "cli/environment_report.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "lfs/api/endpoint.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/base/url.h"
#include "lfs/git/settings_table.h"

namespace lazylfs::cli {
namespace {

constexpr std::string_view kMasked = "* * * * *";

struct Line {
  std::string_view label, key;  // the key's type and default are the table's
};
constexpr auto kSettingLines = std::to_array<Line>({
    {"ConcurrentTransfers", "lfs.concurrenttransfers"},
    {"TusTransfers", "lfs.tustransfers"},
    {"BasicTransfersOnly", "lfs.basictransfersonly"},
    {"SkipDownloadErrors", "lfs.skipdownloaderrors"},
    {"FetchRecentAlways", "lfs.fetchrecentalways"},
    {"FetchRecentRefsDays", "lfs.fetchrecentrefsdays"},
    {"FetchRecentCommitsDays", "lfs.fetchrecentcommitsdays"},
    {"FetchRecentRefsIncludeRemotes", "lfs.fetchrecentremoterefs"},
    {"PruneOffsetDays", "lfs.pruneoffsetdays"},
    {"PruneVerifyRemoteAlways", "lfs.pruneverifyremotealways"},
    {"PruneVerifyUnreachableAlways", "lfs.pruneverifyunreachablealways"},
    {"PruneRemoteName", "lfs.pruneremotetocheck"},
});

std::string setting_line(const lfs::Config& config, const Line& line) {
  const lfs::Setting* setting = lfs::find_setting(line.key);
  std::string value = setting == nullptr ? "" : lfs::effective_value(config, *setting);
  const bool at_least_one = line.key == "lfs.concurrenttransfers";
  if (at_least_one && parse_int(value).value_or(0) < 1) value = setting->fallback;
  if (line.key == "lfs.skipdownloaderrors" && value == "false") {
    if (is_true(env_or_empty("GIT_LFS_SKIP_DOWNLOAD_ERRORS"))) value = "true";
  }
  return std::string(line.label) + '=' + value;
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

std::string access_mode(const lfs::Config& config, const std::string& address) {
  const auto url = Url::parse(address);
  std::string mode = url ? config.get_for_url("lfs", *url, "access").value_or("") : "";
  if (mode == "private") mode = "basic";
  return mode.empty() ? "none" : mode;
}

std::string access_line(const Workspace* workspace, const lfs::Config& config, const char* label,
                        lfs::Operation operation) {
  std::string mode = "none";
  if (workspace != nullptr) {
    const auto endpoint = lfs::find_endpoint(config, workspace->remote(), operation,
                                             workspace->repository().common_folder());
    if (endpoint) mode = access_mode(config, endpoint->url);
  }
  return std::string(label) + '=' + mode;
}

// What follows `before` and stands before `after` in the keys that have both, sorted.
std::set<std::string> middles(const lfs::Config& config, std::string_view before,
                              std::string_view after) {
  std::set<std::string> names;
  for (const lfs::ConfigEntry& entry : config.entries()) {
    const std::string_view key = entry.key;
    if (key.size() <= before.size() + after.size() || !key.starts_with(before) ||
        !key.ends_with(after)) {
      continue;
    }
    names.emplace(key.substr(before.size(), key.size() - before.size() - after.size()));
  }
  return names;
}

std::string adapters_line(const lfs::Config& config, const char* label,
                          std::string_view direction) {
  std::set<std::string> names = {"basic"};
  if (!config.get_bool("lfs.basictransfersonly", false)) {
    names.insert({"lfs-standalone-file", "ssh"});
    if (direction == "upload" && config.get_bool("lfs.tustransfers", false)) names.insert("tus");
    constexpr std::string_view kStart = "lfs.customtransfer.";
    for (const std::string& name : middles(config, kStart, ".path")) {
      const std::string both = std::string(kStart) + name + ".direction";
      const std::string given = to_lower(config.get(both).value_or("both"));
      if (given == "both" || given == direction || given.empty()) names.insert(name);
    }
  }
  return std::string(label) + '=' + joined({names.begin(), names.end()}, ",");
}

void add_filters(const lfs::Config& config, std::vector<std::string>& lines) {
  const auto filter = lfs::PathFilter::from(config, nullptr, nullptr, true);
  if (!filter.exclude().empty()) lines.push_back("FetchExclude=" + joined(filter.exclude(), ", "));
  if (!filter.include().empty()) lines.push_back("FetchInclude=" + joined(filter.include(), ", "));
}

void add_extensions(const lfs::Config& config, std::vector<std::string>& lines) {
  std::set<std::string> names;
  constexpr std::string_view kStart = "lfs.extension.";
  for (const char* part : {".clean", ".smudge", ".priority"})
    names.merge(middles(config, kStart, part));
  std::vector<std::pair<std::int64_t, std::string>> sorted;
  for (const std::string& name : names) {
    sorted.emplace_back(config.get_int(std::string(kStart) + name + ".priority", 0), name);
  }
  std::ranges::sort(sorted);
  for (const auto& [priority, name] : sorted) {
    lines.push_back("Extension[" + std::to_string(priority) + "]=" + name);
  }
}

void add_folders(const Workspace* workspace, std::vector<std::string>& lines) {
  std::string work_tree;
  std::string git_folder;
  std::string common;
  std::string store = "lfs";
  std::vector<std::string> references;
  if (workspace != nullptr) {
    if (workspace->in_work_tree()) work_tree = workspace->repository().work_tree();
    git_folder = workspace->repository().git_folder();
    common = workspace->repository().common_folder();
    store = workspace->store().folder();
    const auto& folders = workspace->store().local().object_folders();
    std::copy_if(folders.begin() + (folders.empty() ? 0 : 1), folders.end(),
                 std::back_inserter(references), is_folder);
  }
  lines.push_back("LocalWorkingDir=" + work_tree);
  lines.push_back("LocalGitDir=" + git_folder);
  lines.push_back("LocalGitStorageDir=" + common);
  lines.push_back("LocalMediaDir=" + store + "/objects");
  lines.push_back("LocalReferenceDirs=" + joined(references, ", "));
  lines.push_back("TempDir=" + store + "/tmp");
}

std::string endpoint_line(const Workspace& workspace, const std::string& remote,
                          const std::string& label, bool even_without) {
  const lfs::Config& config = workspace.config();
  const auto endpoint = lfs::find_endpoint(config, remote, lfs::Operation::download,
                                           workspace.repository().common_folder());
  std::string url = endpoint ? endpoint->url : "";
  // As it was written, where that is the address itself and not what it was made from.
  if (endpoint && endpoint->original_url == url + '/') url = endpoint->original_url;
  if (url.empty() && !even_without) return "";
  std::string text = label + '=' + redact_url(url) + " (auth=" + access_mode(config, url) + ')';
  if (endpoint && endpoint->ssh) {
    text += "\n  SSH=" + endpoint->ssh->user_and_host + ':' + endpoint->ssh->path;
  }
  return text;
}

}  // namespace

std::string git_version_line() {
  lazylfs::Command command;
  command.argv = {"git", "--version"};
  const auto text = run_command_checked(command);
  if (!text) return "Error getting git version: " + text.error().message();
  return std::string(trim(*text));
}

std::vector<std::string> endpoint_lines(const Workspace& workspace) {
  std::vector<std::string> lines;
  const std::string usual = workspace.remote();
  const bool is_origin = usual == "origin";
  if (is_origin) {
    std::string line = endpoint_line(workspace, usual, "Endpoint", false);
    if (!line.empty()) lines.push_back(std::move(line));
  }
  for (const std::string& remote : lfs::remote_names(workspace.config())) {
    if (is_origin && remote == usual) continue;
    lines.push_back(endpoint_line(workspace, remote, "Endpoint (" + remote + ')', true));
  }
  return lines;
}

std::vector<std::string> git_variables() {
  std::vector<std::string> lines;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (!text.starts_with("GIT_")) continue;
    const std::string_view name = text.substr(0, text.find('='));
    const std::string_view value = text.substr(std::min(text.size(), name.size() + 1));
    // `git -c http.extraHeader=…` and the like arrive here.
    const bool holds_secret = to_lower(value).find("authorization") != std::string::npos;
    const bool is_url =
        value.find("://") != std::string_view::npos && value.find('@') != std::string_view::npos;
    std::string shown(holds_secret ? kMasked : value);
    if (!holds_secret && is_url) shown = redact_url(value);
    lines.push_back(std::string(name) + '=' + shown);
  }
  return lines;
}

std::vector<std::string> environment_lines(const Workspace* workspace, const lfs::Config& config) {
  std::vector<std::string> lines;
  add_folders(workspace, lines);
  for (const Line& line : kSettingLines) lines.push_back(setting_line(config, line));
  lines.push_back("LfsStorageDir=" + (workspace == nullptr ? "lfs" : workspace->store().folder()));
  lines.push_back(access_line(workspace, config, "AccessDownload", lfs::Operation::download));
  lines.push_back(access_line(workspace, config, "AccessUpload", lfs::Operation::upload));
  lines.push_back(adapters_line(config, "DownloadTransfers", "download"));
  lines.push_back(adapters_line(config, "UploadTransfers", "upload"));
  add_filters(config, lines);
  add_extensions(config, lines);
  return lines;
}

}  // namespace lazylfs::cli
