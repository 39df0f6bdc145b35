#include "lfs/attributes/filter_attributes.h"

#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "git_sandbox.h"
#include "lfs/base/text.h"

namespace lazylfs::fs {
namespace {

using lfs::AttributeMacros;
using lfs::AttributeRules;
using lfs::FolderFilter;
using Files = std::map<std::string, std::string>;  // folder ("" is the root) -> .gitattributes

// As the tree's loader puts it together.
bool is_lfs(const Files& attributes, const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash);
  std::vector<FolderFilter::Level> levels;
  AttributeMacros macros;
  for (const auto& [place, text] : attributes) {  // sorted: outer folders come first
    if (!place.empty() && folder != place && !folder.starts_with(place + "/")) continue;
    levels.push_back({place, place.empty() ? AttributeRules::parse_root(text)
                                           : AttributeRules::parse(text, macros)});
    if (place.empty()) macros = levels.back().rules->macros();
  }
  return FolderFilter(folder, levels).is_lfs(path.substr(slash + 1));
}

// The paths that git says have filter=lfs.
std::set<std::string> lfs_paths_by_git(const GitSandbox& sandbox, const Files& attributes,
                                       const std::vector<std::string>& paths) {
  for (const auto& [folder, text] : attributes) {
    sandbox.write(folder.empty() ? ".gitattributes" : folder + "/.gitattributes", text);
  }
  std::string input;
  for (const std::string& path : paths) input += path + '\0';
  std::set<std::string> found;
  const std::string out = sandbox.git({"check-attr", "-z", "--stdin", "filter"}, input);
  const std::vector<std::string_view> fields = split(out, '\0');
  for (std::size_t i = 0; i + 2 < fields.size(); i += 3) {
    if (fields[i + 2] == "lfs") found.emplace(fields[i]);
  }
  for (const auto& [folder, text] : attributes) {
    std::filesystem::remove(
        sandbox.path(folder.empty() ? ".gitattributes" : folder + "/.gitattributes"));
  }
  return found;
}

void expect_as_git(const GitSandbox& sandbox, const Files& attributes,
                   const std::vector<std::string>& paths) {
  const std::set<std::string> expected = lfs_paths_by_git(sandbox, attributes, paths);
  for (const std::string& path : paths) {
    EXPECT_EQ(is_lfs(attributes, path), expected.contains(path))
        << path << " with " << ::testing::PrintToString(attributes);
  }
}

TEST(FilterAttributesTest, AgreesWithGitOnEveryForm) {
  const std::vector<std::string> paths = {"a.bin",       "b.txt",     "d/a.bin", "d/e/a.bin",
                                          "d/e/f/g.bin", "d/b c.bin", "a b.bin", "#x",
                                          "\"q",         "!n",        "a\tb",    "d/x.bin",
                                          "foo",         "d/foo",     "d/foo/x", "afoo/b/x",
                                          "b",           "ab",        "A.BIN",   "caf\xc3\xa9.bin",
                                          "\xff.bin",    "[x]",       "*",       "d/*"};
  const std::vector<Files> table = {
      {{"", "*.bin filter=lfs diff=lfs merge=lfs -text\n"}},
      {{"", "*.bin filter=lfs\n"}, {"d", "*.bin -filter\n"}},
      {{"", "*.bin filter=lfs\n"}, {"d", "*.bin !filter\n"}},
      {{"", "*.bin filter=lfs\n*.bin filter=other\n"}},
      {{"", "*.bin filter\n"}},
      {{"", "*.bin filter=lfs -filter\n"}},
      {{"", "*.bin -filter filter=lfs\n"}},
      {{"", "[attr]large filter=lfs -text\n*.bin large\nd/** -large\n"}},
      {{"", "[attr]large filter=lfs\n[attr]huge large\n"}, {"d", "*.bin huge\n"}},
      {{"", "[attr]large filter=lfs\n*.bin large filter=x\n*.txt filter=x large\n"}},
      {{"", "[attr]large filter=lfs\n*.bin large=yes\n*.txt !large\n"}},
      {{"", "*.bin large\n[attr]large filter=x\n[attr]large filter=lfs\n"}},
      {{"", "*.bin large\n"}, {"d", "[attr]large filter=lfs\n*.bin large\n"}},
      {{"", "/a.bin filter=lfs\n"}, {"d", "/a.bin filter=lfs\n"}},
      {{"", "d/*.bin filter=lfs\n"}},
      {{"", "d/** filter=lfs\n"}},
      {{"", "**/a.bin filter=lfs\n"}},
      {{"", "d/**/a.bin filter=lfs\n"}},
      {{"", "a**/x filter=lfs\n"}},
      {{"", "foo/ filter=lfs\nd/ filter=lfs\n"}},
      {{"", "foo filter=lfs\n"}},
      {{"", "d filter=lfs\n"}},
      {{"", "\"a b.bin\" filter=lfs\n\"a\\tb\" filter=lfs\n\"caf\\303\\251.bin\" filter=lfs\n"}},
      {{"", "\"unclosed filter=lfs\n\"q filter=lfs\n"}},
      {{"", "a[[:space:]]b.bin filter=lfs\n"}},
      {{"", "\\#x filter=lfs\n#x filter=lfs\n"}},
      {{"", "!n filter=lfs\n"}},
      {{"", "\\!n filter=lfs\n"}},
      {{"", "  *.bin\tfilter=lfs\r\n"}},
      {{"", "\xef\xbb\xbf*.bin filter=lfs\n"}},
      {{"", "*.bin filter=lfs bad$name\n"}},
      {{"", "*.bin filter=lfs -\n"}},
      {{"", "*.bin filter=lfs=x\n"}},
      {{"", "*.bin -filter=lfs\n"}},
      {{"", "*.bin filter=lfs"}},
      {{"", "*.bin filter=lfs\n" + std::string(3000, 'x') + " -filter\n"}},
      {{"", std::string(1000, '*') + " filter=lfs\n"}},
      {{"", "? filter=lfs\n"}},
      {{"", "\\[x\\] filter=lfs\n"}},
      {{"", "\\* filter=lfs\n"}},
      {{"", "* filter=lfs\n*.txt -filter\n"}, {"d/e", "*.bin filter=lfs\n"}},
      {{"", "*\\ filter=lfs\n"}},
      {{"", "/ filter=lfs\n"}},
      {{"", "/* filter=lfs\n"}},
      {{"", "[attr] filter=lfs\n"}},
      {{"", "[attr]x\n*.bin filter=lfs\n"}},
      {{"", "[attr]-x filter=lfs\n"}},
      {{"", "[attr]filter foo\n*.bin filter=lfs\n"}},
  };
  const GitSandbox sandbox;
  for (const Files& attributes : table) expect_as_git(sandbox, attributes, paths);
}

class RandomText {
 public:
  explicit RandomText(unsigned seed) : random_(seed) {}

  std::string of(const std::vector<std::string>& pieces, std::size_t count_max) {
    std::string text;
    for (std::size_t count = 1 + next(count_max); count > 0; --count) {
      text += pieces[next(pieces.size())];
    }
    return text;
  }
  std::size_t next(std::size_t below) { return random_() % below; }

 private:
  std::mt19937 random_;
};

TEST(FilterAttributesTest, AgreesWithGitOnRandomPatterns) {
  const std::vector<std::string> pattern_pieces = {
      "a", "b",    "c",    "/",   "/", "*",  "**",          "**/", "/**",
      "?", "[ab]", "[!a]", "[a-", "]", "\\", "[[:alpha:]]", "-",   "."};
  const std::vector<std::string> path_pieces = {"a", "b", "c", "/", "a/", ".", "-"};
  const std::vector<std::string> states = {"filter=lfs", "-filter",  "!filter", "m",
                                           "-m",         "filter=x", "n"};
  RandomText random(7);
  const GitSandbox sandbox;
  for (int round = 0; round < 150; ++round) {
    Files attributes{{"", "[attr]m filter=lfs\n[attr]n m\n"}};
    for (int line = 0; line < 4; ++line) {
      const std::string pattern = random.of(pattern_pieces, 7);
      attributes[random.next(3) == 0 ? "a" : ""] +=
          pattern + " " + states[random.next(states.size())] + "\n";
    }
    std::vector<std::string> paths;
    while (paths.size() < 40) {
      const std::string path = random.of(path_pieces, 6);
      const bool is_clean = !path.starts_with('/') && !path.ends_with('/') &&
                            path.find("//") == std::string::npos &&
                            ("/" + path + "/").find("/./") == std::string::npos &&
                            ("/" + path + "/").find("/../") == std::string::npos;
      if (is_clean) paths.push_back(path);
    }
    expect_as_git(sandbox, attributes, paths);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace lazylfs::fs
