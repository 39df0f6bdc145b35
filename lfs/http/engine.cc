#include "lfs/http/engine.h"
