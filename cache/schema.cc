#include "cache/schema.h"

#include <array>
#include <string>

namespace lazylfs::cache {
namespace {

// Entry n brings version n to n + 1. Entries are never changed after a release, only added.
constexpr std::array kMigrations = {
    R"sql(
CREATE TABLE objects(
  oid       BLOB PRIMARY KEY,
  size      INTEGER NOT NULL,
  state     INTEGER NOT NULL,            -- 0 remote, 1 partial, 2 complete, 3 quarantined
  bytes     INTEGER NOT NULL,            -- on disk
  last_used INTEGER NOT NULL             -- nanoseconds since 1970
) WITHOUT ROWID;
CREATE INDEX objects_by_use ON objects(last_used);
CREATE TABLE totals(one INTEGER PRIMARY KEY CHECK (one = 1), bytes INTEGER NOT NULL);
INSERT INTO totals VALUES(1, 0);
CREATE TRIGGER objects_added AFTER INSERT ON objects
  BEGIN UPDATE totals SET bytes = bytes + new.bytes; END;
CREATE TRIGGER objects_changed AFTER UPDATE OF bytes ON objects WHEN old.bytes <> new.bytes
  BEGIN UPDATE totals SET bytes = bytes + new.bytes - old.bytes; END;
CREATE TRIGGER objects_removed AFTER DELETE ON objects
  BEGIN UPDATE totals SET bytes = bytes - old.bytes; END;
CREATE TABLE pins(oid BLOB PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE ledger(oid BLOB PRIMARY KEY, states BLOB NOT NULL);
CREATE TABLE partial(oid BLOB PRIMARY KEY, token INTEGER NOT NULL, bitmap BLOB NOT NULL);
CREATE TABLE local(
  oid      BLOB PRIMARY KEY,
  device   INTEGER NOT NULL,
  inode    INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  changed  INTEGER NOT NULL
) WITHOUT ROWID;
)sql",
};
constexpr auto kVersion = static_cast<std::int64_t>(kMigrations.size());

}  // namespace

Result<bool> prepare_schema(Database& database) {
  TRY(
      database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                       "PRAGMA wal_autocheckpoint = 256; PRAGMA journal_size_limit = 1048576"));
  if (TRY(database.query_int("PRAGMA user_version")) == kVersion) {
    // Reads the tables' definitions, so that damage of the first pages shows now.
    (void)TRY(database.query_int("SELECT bytes FROM totals"));
    return false;
  }
  Transaction transaction = TRY(Transaction::begin(database));
  // Another process may have been faster.
  const std::int64_t version = TRY(database.query_int("PRAGMA user_version"));
  if (version > kVersion) {
    return Error(Errc::unsupported, "the cache's index is of a newer version of this program");
  }
  for (std::int64_t at = version; at < kVersion; ++at) {
    TRY(database.execute(kMigrations.at(static_cast<std::size_t>(at))));
  }
  TRY(database.execute("PRAGMA user_version = " + std::to_string(kVersion)));
  TRY(transaction.commit());
  return version == 0;
}

}  // namespace lazylfs::cache
