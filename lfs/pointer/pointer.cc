#include "lfs/pointer/pointer.h"
