#include "fs/tree.h"
