#include "lfs/transfer/downloader.h"
