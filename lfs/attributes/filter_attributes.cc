#include "lfs/attributes/filter_attributes.h"

#include <algorithm>
#include <utility>

#include "lfs/base/text.h"

namespace lazylfs::lfs {

namespace {

constexpr std::string_view kGlobBytes = "*?[\\";

// Looks for the deciding state, as git does: the first state that is met for an attribute counts,
// and states are met from the last to the first.
class Decision {
 public:
  explicit Decision(const AttributeMacros& macros) : macros_(macros) {}

  // True when `filter` is decided.
  bool add(const AttributeStates& states) {
    for (auto state = states.rbegin(); state != states.rend(); ++state) {
      if (std::ranges::find(met_, std::string_view(state->name)) != met_.end()) continue;
      met_.push_back(state->name);
      if (state->name == "filter") {
        is_lfs_ = state->kind == AttributeState::Kind::value && state->value == "lfs";
        return true;
      }
      if (state->kind != AttributeState::Kind::set) continue;
      const auto macro = macros_.find(state->name);
      if (macro != macros_.end() && add(macro->second)) return true;
    }
    return false;
  }
  bool is_lfs() const { return is_lfs_; }

 private:
  const AttributeMacros& macros_;
  std::vector<std::string_view> met_;
  bool is_lfs_ = false;
};

}  // namespace

std::optional<AttributePattern> AttributePattern::parse(std::string_view text) {
  if (text.starts_with('!') || text.ends_with('/')) return std::nullopt;
  AttributePattern pattern;
  const std::size_t glob_at = std::min(text.find_first_of(kGlobBytes), text.size());
  const bool is_literal = glob_at == text.size();
  if (text.find('/') == std::string_view::npos) {
    const bool is_suffix =
        text.starts_with('*') && text.find_first_of(kGlobBytes, 1) == std::string_view::npos;
    if (is_literal || is_suffix) {
      pattern.kind_ = is_literal ? Kind::name : Kind::name_suffix;
      pattern.literal_ = text.substr(is_suffix ? 1 : 0);
    } else {
      pattern.kind_ = Kind::name_glob;
      pattern.glob_ = std::make_unique<WildPattern>(text, Slashes::cross);
    }
    return pattern;
  }
  // Git compares what precedes the first glob byte as it stands and matches the rest by itself, so
  // that "a**/b" has a "**" at the start of what is matched.
  const std::size_t start = text[0] == '/' ? 1 : 0;
  pattern.kind_ = Kind::path;
  pattern.literal_ = text.substr(start, std::max(glob_at, start) - start);
  if (!is_literal) {
    pattern.glob_ = std::make_unique<WildPattern>(text.substr(glob_at), Slashes::within_names);
  }
  return pattern;
}

bool AttributePattern::matches(std::string_view path) const {
  if (kind_ == Kind::path) {
    if (!path.starts_with(literal_)) return false;
    path.remove_prefix(literal_.size());
    return glob_ ? glob_->matches(path) : path.empty();
  }
  const std::string_view name = path.substr(path.rfind('/') + 1);
  switch (kind_) {
    case Kind::name:
      return name == literal_;
    case Kind::name_suffix:
      return name.ends_with(literal_);
    default:
      return glob_->matches(name);
  }
}

std::shared_ptr<const AttributeRules> AttributeRules::parse_root(std::string_view text) {
  auto rules = std::make_shared<AttributeRules>();
  text = attributes_text(text);
  for (std::string_view rest = text; !rest.empty();) {
    std::optional<AttributeLine> line = AttributeLine::parse(take_until(rest, '\n'));
    if (line && line->is_macro) rules->macros_[line->pattern] = std::move(line->states);
  }
  rules->add_lines(text, rules->macros_);
  return rules;
}

std::shared_ptr<const AttributeRules> AttributeRules::parse(std::string_view text,
                                                            const AttributeMacros& macros) {
  auto rules = std::make_shared<AttributeRules>();
  rules->add_lines(attributes_text(text), macros);
  return rules;
}

void AttributeRules::add_lines(std::string_view text, const AttributeMacros& macros) {
  const auto cannot_matter = [&](const AttributeState& state) {
    return state.name != "filter" && !macros.contains(state.name);
  };
  while (!text.empty()) {
    std::optional<AttributeLine> line = AttributeLine::parse(take_until(text, '\n'));
    if (!line || line->is_macro) continue;
    std::erase_if(line->states, cannot_matter);
    if (line->states.empty()) continue;
    std::optional<AttributePattern> pattern = AttributePattern::parse(line->pattern);
    if (pattern) rules_.push_back({std::move(*pattern), std::move(line->states)});
  }
}

FolderFilter::FolderFilter(std::string path, std::vector<Level> levels)
    : path_(std::move(path)), levels_(std::move(levels)) {
  static const AttributeMacros no_macros;
  const bool has_root = !levels_.empty() && levels_.front().path.empty();
  macros_ = has_root ? &levels_.front().rules->macros() : &no_macros;
  if (!path_.empty()) path_.push_back('/');
  prefix_length_ = path_.size();
}

bool FolderFilter::is_lfs(std::string_view name) {
  if (levels_.empty()) return false;
  path_.resize(prefix_length_);
  path_.append(name);
  Decision decision(*macros_);
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    const std::size_t skipped = level->path.empty() ? 0 : level->path.size() + 1;
    const std::string_view path = std::string_view(path_).substr(skipped);
    const auto& rules = level->rules->rules();
    for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
      if (rule->pattern.matches(path) && decision.add(rule->states)) return decision.is_lfs();
    }
  }
  return false;
}

}  // namespace lazylfs::lfs
