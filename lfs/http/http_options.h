// HttpOptions from git's configuration and environment (http.*, lfs.*timeout, GIT_SSL_*).
#pragma once

#include <memory>

#include "lfs/base/url.h"
#include "lfs/git/config.h"
#include "lfs/http/engine.h"

namespace lazylfs::lfs {

// The options for requests to `url`: http.<url>.* beats http.*, GIT_SSL_* beats both.
std::shared_ptr<const HttpOptions> http_options_for(const Config& config, const Url& url);

}  // namespace lazylfs::lfs
