// libfuse's low-level interface at the version that this project is written against.
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
