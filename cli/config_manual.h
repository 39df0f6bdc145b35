// The settings table as text: `git lfs help config`, git-lfs-config(5), docs/CONFIGURATION.md.
#pragma once

#include <string>
#include <string_view>

namespace lazylfs::cli {

std::string config_help();
// The manual page in man(7) form; `date` is shown in its footer.
std::string config_manual_page(std::string_view date);
// The tables of docs/CONFIGURATION.md.
std::string config_markdown();

// `git lfs help faq`.
std::string faq_help();

}  // namespace lazylfs::cli
