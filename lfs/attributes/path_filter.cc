#include "lfs/attributes/path_filter.h"

namespace lazylfs::lfs {

PathFilter::PathFilter(std::vector<std::string> include, std::vector<std::string> exclude,
                       bool ignore_case)
    : include_(std::move(include)), exclude_(std::move(exclude)), ignore_case_(ignore_case) {}
PathFilter PathFilter::from(const Config& /*config*/, const std::string* /*include_option*/,
                            const std::string* /*exclude_option*/, bool /*use_configuration*/) {
  return {};
}
bool PathFilter::allows(std::string_view /*path*/) const { return !ignore_case_ || empty(); }

}  // namespace lazylfs::lfs
