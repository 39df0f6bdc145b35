#include "lfs/api/client.h"
