#include "lfs/store/local_store.h"
