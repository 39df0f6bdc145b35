#include "lfs/locks/lock_client.h"
