#include "lfs/api/endpoint.h"
