#include "lfs/git/config.h"
