#include "fs/registry.h"
