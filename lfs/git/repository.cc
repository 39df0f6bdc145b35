#include "lfs/git/repository.h"
