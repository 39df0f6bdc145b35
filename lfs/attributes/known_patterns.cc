#include "lfs/attributes/known_patterns.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "lfs/attributes/filter_attributes.h"
#include "lfs/base/fd.h"
#include "lfs/base/files.h"
#include "lfs/base/process.h"
#include "lfs/base/text.h"
#include "lfs/git/config.h"

namespace lazylfs::lfs {
namespace {

constexpr std::string_view kFileName = ".gitattributes";
constexpr int kMacroDepthMax = 16;

// Nothing when it is not there, too large, or no plain file.
std::optional<std::string> read_attributes(const std::string& path, bool follow_links) {
  const int links = follow_links ? 0 : O_NOFOLLOW;
  const Result<Fd> file = open_file(path, O_RDONLY | O_NONBLOCK | links);
  struct stat status {};
  if (!file || ::fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  Result<std::string> text = read_to_end(file->get(), kAttributesBytesMax);
  if (!text) return std::nullopt;
  return std::move(*text);
}

std::string user_file(const Config& config) {
  const auto configured = config.get("core.attributesfile");
  if (configured) {
    const bool in_home = configured->starts_with("~/");
    return in_home ? home_folder() + configured->substr(1) : *configured;
  }
  const std::string base = env_or_empty("XDG_CONFIG_HOME");
  if (!base.empty()) return base + "/git/attributes";
  const std::string home = home_folder();
  return home.empty() ? "" : home + "/.config/git/attributes";
}

// git says where its system-wide file is, from version 2.42 on.
std::string system_file() {
  const std::string off = to_lower(env_or_empty("GIT_ATTR_NOSYSTEM"));
  if (!off.empty() && off != "0" && off != "false" && off != "no" && off != "off") return "";
  lazylfs::Command command;
  command.argv = {"git", "var", "GIT_ATTR_SYSTEM"};
  const auto output = run_command(command);
  if (output && output->exit_code == 0) return std::string(trim(output->out));
  return env_or_empty("PREFIX") + "/etc/gitattributes";
}

// The .gitattributes of the work tree, from its root, that are not ignored.
Result<std::vector<std::string>> files_in_work_tree(const Repository& repository) {
  std::vector<std::string> paths;
  if (repository.is_bare()) return paths;
  lazylfs::Command command;
  command.argv = {"git",      "ls-files",           "-z", "--cached",
                  "--others", "--exclude-standard", "--", ":(top,glob)**/.gitattributes"};
  command.folder = repository.work_tree();
  const std::string listing = TRY(run_command_checked(command));
  std::string_view rest = listing;
  while (!rest.empty()) paths.emplace_back(take_until(rest, '\0'));
  std::ranges::sort(paths);
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  std::ranges::stable_sort(paths, std::ranges::greater(), &std::string::size);
  return paths;
}

std::string shown_path(const std::string& path, const std::string& root) {
  const bool inside = !root.empty() && path.starts_with(root + '/');
  return inside ? path.substr(root.size() + 1) : path;
}

struct Meaning {
  bool has_filter = false, tracked = false, lockable = false;
};

// What a line's states come to, the last one winning.
void interpret(const AttributeStates& states, const AttributeMacros& macros, int depth,
               Meaning& meaning) {
  for (const AttributeState& state : states) {
    const bool is_set = state.kind == AttributeState::Kind::set;
    if (state.name == "filter") {
      meaning.has_filter = true;
      meaning.tracked = state.kind == AttributeState::Kind::value && state.value == "lfs";
    } else if (state.name == "lockable") {
      meaning.lockable = is_set;
    } else if (is_set && depth < kMacroDepthMax) {
      const auto macro = macros.find(state.name);
      if (macro != macros.end()) interpret(macro->second, macros, depth + 1, meaning);
    }
  }
}

std::vector<AttributeLine> parse_lines(std::string_view text) {
  std::vector<AttributeLine> lines;
  for (std::string_view rest = attributes_text(text); !rest.empty();) {
    if (auto line = AttributeLine::parse(take_until(rest, '\n'))) lines.push_back(std::move(*line));
  }
  return lines;
}

}  // namespace

std::string pattern_from_root(std::string_view folder, std::string_view pattern) {
  std::vector<std::string_view> parts;
  for (const std::string_view text : {folder, pattern}) {
    for (const std::string_view part : split(text, '/')) {
      if (part.empty() || part == ".") continue;
      if (part == ".." && !parts.empty() && parts.back() != "..") {
        parts.pop_back();
      } else {
        parts.push_back(part);
      }
    }
  }
  std::string joined;
  for (const std::string_view part : parts) {
    if (!joined.empty()) joined += '/';
    joined += part;
  }
  return joined.empty() ? "." : joined;
}

Result<std::vector<AttributeFile>> attribute_files(const Repository& repository,
                                                   AttributeScope scope) {
  const std::string& root = repository.work_tree();
  std::vector<AttributeFile> files;
  const std::vector<std::string> in_work_tree = TRY(files_in_work_tree(repository));
  for (const std::string& path : in_work_tree) {
    const bool at_root = path == kFileName;
    std::string folder = at_root ? "" : path.substr(0, path.size() - kFileName.size() - 1);
    files.push_back({root + '/' + path, path, std::move(folder), at_root});
  }
  const std::string info = repository.common_folder() + "/info/attributes";
  files.push_back({info, shown_path(info, root), "", true});
  if (scope == AttributeScope::everything) {
    for (const std::string& path : {user_file(repository.config()), system_file()}) {
      if (!path.empty()) files.push_back({path, path, "", true});
    }
  }
  std::erase_if(files, [](const AttributeFile& file) { return !file_exists(file.path); });
  return files;
}

Result<std::vector<KnownPattern>> known_patterns(const Repository& repository,
                                                 AttributeScope scope) {
  const std::vector<AttributeFile> files =
      TRY(attribute_files(repository, AttributeScope::everything));
  const std::string outside = repository.common_folder() + "/info/attributes";
  std::vector<std::vector<AttributeLine>> contents;
  AttributeMacros macros;
  for (const AttributeFile& file : files) {
    const bool in_work_tree = file.source.ends_with(kFileName) && file.path != outside;
    contents.push_back(parse_lines(read_attributes(file.path, !in_work_tree).value_or("")));
    if (!file.may_define_macros) continue;
    for (const AttributeLine& line : contents.back()) {
      // The files that win come first.
      if (line.is_macro) macros.try_emplace(line.pattern, line.states);
    }
  }
  std::vector<KnownPattern> known;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const AttributeFile& file = files[i];
    const bool of_repository = file.source.ends_with(kFileName) || file.path == outside;
    if (scope == AttributeScope::repository && !of_repository) continue;
    for (const AttributeLine& line : contents[i]) {
      if (line.is_macro) continue;
      Meaning meaning;
      interpret(line.states, macros, 0, meaning);
      if (!meaning.has_filter && !meaning.lockable) continue;
      known.push_back({pattern_from_root(file.folder, line.pattern), file.source, meaning.tracked,
                       meaning.lockable});
    }
  }
  return known;
}

}  // namespace lazylfs::lfs
