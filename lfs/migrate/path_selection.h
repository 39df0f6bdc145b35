// --include and --exclude of `migrate`: patterns as in .gitattributes, unlike those of all other
// commands, so that a folder's name does not mean what is in the folder.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lfs/attributes/filter_attributes.h"

namespace lazylfs::lfs {

// Immutable; thread-safe.
class PathSelection {
 public:
  PathSelection() = default;
  PathSelection(std::vector<std::string> include, std::vector<std::string> exclude)
      : include_(std::move(include)), exclude_(std::move(exclude)) {
    include_patterns_ = parse(include_);
    exclude_patterns_ = parse(exclude_);
  }

  bool allows(std::string_view path) const {
    const auto fits = [path](const AttributePattern& pattern) { return pattern.matches(path); };
    return (include_.empty() || std::ranges::any_of(*include_patterns_, fits)) &&
           std::ranges::none_of(*exclude_patterns_, fits);
  }
  const std::vector<std::string>& include() const { return include_; }
  const std::vector<std::string>& exclude() const { return exclude_; }

 private:
  using Patterns = std::vector<AttributePattern>;
  static std::shared_ptr<const Patterns> parse(const std::vector<std::string>& texts) {
    Patterns patterns;
    for (const std::string& text : texts) {
      if (auto pattern = AttributePattern::parse(text)) patterns.push_back(std::move(*pattern));
    }
    return std::make_shared<const Patterns>(std::move(patterns));
  }

  std::vector<std::string> include_, exclude_;
  // Shared by copies.
  std::shared_ptr<const Patterns> include_patterns_ = parse({}), exclude_patterns_ = parse({});
};

}  // namespace lazylfs::lfs
