// JSON as Go prints it, so that what compares bytes sees no difference.
#pragma once

#include <string>

#include "lfs/base/json.h"

namespace lazylfs::cli {

// `indent` < 0: one line. '<', '>', '&' and line separators are escaped.
std::string go_json(const Json& value, int indent);

}  // namespace lazylfs::cli
