// The tables of the index and how older ones become the present ones.
#pragma once

#include "cache/database.h"

namespace lazylfs::cache {

// Sets the connection up and brings the schema to the present version. True when the tables were
// made, that is, when the database was empty. Errc::unsupported for a version of the future.
Result<bool> prepare_schema(Database& database);

}  // namespace lazylfs::cache
