#include "tests/unit/cache/fake_source.h"
