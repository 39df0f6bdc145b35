#include "lfs/http/http_options.h"
