#include "cli/config_manual.h"

#include <vector>

#include "cli/help.h"
#include "lfs/base/text.h"
#include "lfs/git/settings_table.h"

namespace lazylfs::cli {
namespace {

constexpr std::string_view kIntroduction =
    "Git LFS reads its settings as Git does: from the system's, the user's, the repository's and\n"
    "the work tree's configuration files and their includes, from 'git -c' and from GIT_CONFIG_*.\n"
    "\n"
    "Some settings may also come from a file .lfsconfig at the root of the repository, so that\n"
    "everybody who clones it has them. When it is not in the work tree, the index is looked at,\n"
    "then HEAD; in a bare repository only HEAD. Git's own configuration wins over it. Only the\n"
    "keys that are marked so below are taken from it: a repository must not choose programs that\n"
    "run on this machine. Others are ignored with a warning.\n"
    "\n"
    "A key that is said to be for URLs, too, may be written with one: lfs.<url>.locksverify beats\n"
    "lfs.locksverify for the servers whose address begins with <url>; the longest match wins.\n"
    "\n"
    "Booleans are Git's: true, yes, on, 1, and false, no, off, 0. Integers may end in k, m or g.";

std::vector<lfs::SettingTheme> themes() {
  std::vector<lfs::SettingTheme> all;
  for (int i = 0; i <= static_cast<int>(lfs::SettingTheme::other); ++i) {
    all.push_back(static_cast<lfs::SettingTheme>(i));
  }
  return all;
}

// "integer, default 8; also for URLs; .lfsconfig may set it"
std::string properties(const lfs::Setting& setting) {
  std::string text(lfs::setting_type_name(setting.type));
  if (!setting.fallback.empty()) text += ", default " + std::string(setting.fallback);
  if (setting.url_scoped) text += "; also for URLs";
  if (setting.safe) text += "; .lfsconfig may set it";
  if (setting.origin == lfs::SettingOrigin::git) text += "; Git's own";
  return text;
}

// Breaks `text` into lines of at most 90 columns that begin with `indentation`.
std::string wrapped(std::string_view text, std::string_view indentation) {
  std::string result;
  std::string line(indentation);
  for (const std::string_view word : split(text, ' ')) {
    if (line.size() > indentation.size() && line.size() + 1 + word.size() > 90) {
      result += line + '\n';
      line = indentation;
    }
    if (line.size() > indentation.size()) line += ' ';
    line += word;
  }
  return result + line + '\n';
}

// In a table of markdown, '|' parts cells and '<' begins a tag outside of code.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '<') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string variable_summary(const lfs::Variable& variable) {
  std::string text(variable.summary);
  if (!variable.setting.empty()) text += " The setting is " + std::string(variable.setting) + '.';
  return text;
}

}  // namespace

std::string config_help() {
  std::string text = "Configuration files\n\n" + std::string(kIntroduction) + '\n';
  for (const lfs::SettingTheme theme : themes()) {
    text += '\n' + std::string(lfs::setting_theme_name(theme)) + "\n\n";
    for (const lfs::Setting& setting : lfs::settings()) {
      if (setting.theme != theme) continue;
      text += "  " + std::string(setting.key) + "\n      (" + properties(setting) + ")\n" +
              wrapped(setting.summary, "      ");
    }
  }
  text += "\nEnvironment\n\n";
  for (const lfs::Variable& variable : lfs::environment_variables()) {
    text +=
        "  " + std::string(variable.name) + '\n' + wrapped(variable_summary(variable), "      ");
  }
  return text;
}

std::string config_manual_page(std::string_view date) {
  std::string page = roff_heading("git-lfs-config", "5", "configuration of Git LFS", date) +
                     ".SH DESCRIPTION\n" + roff_body(kIntroduction) + ".SH SETTINGS\n";
  for (const lfs::SettingTheme theme : themes()) {
    page += ".SS " + std::string(lfs::setting_theme_name(theme)) + '\n';
    for (const lfs::Setting& setting : lfs::settings()) {
      if (setting.theme != theme) continue;
      page += ".TP\n\\fB" + roff(setting.key) + "\\fR\n" + roff(setting.summary) + "\n(" +
              roff(properties(setting)) + ".) Read by: " + roff(setting.read_by) + ".\n";
    }
  }
  page += ".SH ENVIRONMENT\n";
  for (const lfs::Variable& variable : lfs::environment_variables()) {
    page += ".TP\n\\fB" + roff(variable.name) + "\\fR\n" + roff(variable_summary(variable)) + '\n';
  }
  return page + ".SH SEE ALSO\n" + roff("git-lfs") + "(1), " + roff("git-config") +
         "(1), gitattributes(5), gitignore(5)\n";
}

std::string config_markdown() {
  std::string text;
  for (const lfs::SettingTheme theme : themes()) {
    text += "### " + std::string(lfs::setting_theme_name(theme)) +
            "\n\n| key | default | |\n| --- | --- | --- |\n";
    for (const lfs::Setting& setting : lfs::settings()) {
      if (setting.theme != theme) continue;
      text += "| `" + std::string(setting.key) + '`' + (setting.safe ? " †" : "") +
              (setting.url_scoped ? " ‡" : "") + " | " +
              (setting.fallback.empty() ? "" : '`' + std::string(setting.fallback) + '`') + " | " +
              cell(setting.summary) + " |\n";
    }
    text += '\n';
  }
  text += "### Environment\n\n| variable | |\n| --- | --- |\n";
  for (const lfs::Variable& variable : lfs::environment_variables()) {
    text += "| `" + std::string(variable.name) + "` | " + cell(variable_summary(variable)) + " |\n";
  }
  return text;
}

std::string faq_help() {
  return "Frequent questions\n"
         "\n"
         "A file was committed before it was tracked. How does it get into LFS?\n"
         "    'git lfs track' the pattern, then 'git add --renormalize .' and commit. History "
         "keeps\n"
         "    the old content.\n"
         "\n"
         "A checkout shows pointer files instead of content. Why?\n"
         "    The filters are not installed ('git lfs install'), GIT_LFS_SKIP_SMUDGE or\n"
         "    lfs.fetchexclude leaves them out, or a download failed. 'git lfs pull' fetches what\n"
         "    is missing; 'git lfs why <path>' tells what happened.\n"
         "\n"
         "How can content be read without being downloaded as a whole?\n"
         "    'git lfs mount <repository> <folder>' shows the repository; what is read is "
         "fetched.\n"
         "\n"
         "How much disk does it take, and how is it given back?\n"
         "    'git lfs cache status' and 'git lfs cache gc' for the shared cache.\n"
         "\n"
         "How can uploads or downloads be watched?\n"
         "    GIT_TRACE=1 GIT_TRANSFER_TRACE=1 GIT_CURL_VERBOSE=1 before any command.\n"
         "\n"
         "Can files be tracked by their size?\n"
         "    No: .gitattributes knows names only.\n";
}

}  // namespace lazylfs::cli
