#include "cache/index.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "cache/schema.h"
#include "lfs/base/files.h"
#include "lfs/base/timespec.h"
#include "lfs/base/trace.h"

namespace lazylfs::cache {
namespace {

constexpr std::size_t kSyncAllFrom = 16;  // objects from which one syncfs is cheaper

std::uint64_t inode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

std::string blob_of(const Ledger& ledger) {
  std::string blob(ledger.size() * sizeof(Sha256::State), '\0');
  if (!ledger.empty()) std::memcpy(blob.data(), ledger.data(), blob.size());
  return blob;
}

}  // namespace

Result<Statement*> Index::Connection::statement(const char* sql) {
  const auto found = statements.find(sql);
  if (found != statements.end()) {
    found->second.reset();
    return &found->second;
  }
  Statement prepared = TRY(database->prepare(sql));
  return &statements.emplace(sql, std::move(prepared)).first->second;
}

Result<std::unique_ptr<Index>> Index::open(const Layout& layout) {
  std::unique_ptr<Index> index(new Index(layout));
  auto connection = index->connection_.lock();
  const Result<void> connected = index->connect(*connection);
  if (!connected) {
    if (connected.error().code() != Errc::corrupt) return connected.error();
    TRY(index->replace(*connection, connected.error()));
  }
  return index;
}

Result<void> Index::connect(Connection& connection) {
  connection.statements.clear();
  connection.database = std::make_unique<Database>(TRY(Database::open(layout_.index())));
  const bool made = TRY(prepare_schema(*connection.database));
  connection.inode = inode_of(layout_.index());
  if (made) return rebuild(connection);
  return {};
}

// Only one process sets a damaged index aside; the others find the new one.
Result<void> Index::replace(Connection& connection, const Error& reason) {
  const Fd lock = TRY(open_file(layout_.index_lock(), O_RDWR | O_CREAT, 0600));
  while (::flock(lock.get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  const std::uint64_t damaged = connection.inode;
  connection.statements.clear();
  connection.database.reset();
  if (damaged != 0 && inode_of(layout_.index()) != damaged && connect(connection)) return {};
  connection.statements.clear();
  connection.database.reset();
  const std::string aside = layout_.index() + ".corrupt-" + std::to_string(std::time(nullptr));
  log_line(LogLevel::warning, "the cache's index is damaged (" + reason.message() +
                                  "); it is kept as " + aside + " and rebuilt");
  for (const char* suffix : {"", "-wal", "-shm"}) {
    (void)std::rename((layout_.index() + suffix).c_str(), (aside + suffix).c_str());
  }
  return connect(connection);
}

// Takes in what lies in objects/ and partial/. Also what makes a copied or restored folder work.
Result<void> Index::rebuild(Connection& connection) {
  Transaction transaction = TRY(Transaction::begin(*connection.database));
  Statement* insert = TRY(connection.statement(
      "INSERT OR IGNORE INTO objects(oid, size, state, bytes, last_used) VALUES(?, ?, ?, ?, ?)"));
  const auto add = [&](const Oid& oid, const std::string& path, ObjectState state) -> Result<void> {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return {};
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const auto allocated = static_cast<std::uint64_t>(status.st_blocks) * 512;
    insert->bind(1, oid).bind(2, size).bind(3, static_cast<std::int64_t>(state));
    insert->bind(4, state == ObjectState::complete ? size : std::min(size, allocated));
    return insert->bind(5, nanoseconds(status.st_mtim)).run();
  };
  for (const Oid& oid : layout_.scan(layout_.objects(), "")) {
    TRY(add(oid, layout_.object(oid), ObjectState::complete));
  }
  for (const Oid& oid : layout_.scan(layout_.partials(), ".data")) {
    TRY(add(oid, layout_.partial_data(oid), ObjectState::partial));
  }
  return transaction.commit();
}

template <typename Body>
auto Index::run(Body body) -> decltype(body(std::declval<Connection&>())) {
  auto connection = connection_.lock();
  if (!connection->database) TRY(connect(*connection));
  auto result = body(*connection);
  if (result.has_value() || result.error().code() != Errc::corrupt) return result;
  TRY(replace(*connection, result.error()));
  return body(*connection);
}

template <typename Body>
Result<void> Index::change(Body body) {
  return run([&](Connection& connection) -> Result<void> {
    Transaction transaction = TRY(Transaction::begin(*connection.database));
    TRY(body(connection));
    return transaction.commit();
  });
}

void Index::follow_replacement() {
  auto connection = connection_.lock();
  if (connection->inode == inode_of(layout_.index())) return;
  connection->statements.clear();
  connection->database.reset();
  const Result<void> connected = connect(*connection);
  if (!connected) log_line(LogLevel::warning, connected.error().message());
}

Result<std::vector<IndexRow>> Index::read_rows(Statement& statement) {
  std::vector<IndexRow> rows;
  while (TRY(statement.step())) {
    IndexRow row;
    row.id = {statement.column_oid(0), statement.column_uint(1)};
    row.state = static_cast<ObjectState>(std::clamp<std::int64_t>(
        statement.column_int(2), 0, static_cast<std::int64_t>(ObjectState::quarantined)));
    row.bytes = statement.column_uint(3);
    row.last_used_ns = statement.column_int(4);
    row.pinned = statement.column_int(5) != 0;
    rows.push_back(row);
  }
  statement.reset();
  return rows;
}

Result<std::optional<IndexRow>> Index::row(const Oid& oid) {
  return run([&](Connection& connection) -> Result<std::optional<IndexRow>> {
    Statement* select = TRY(
        connection.statement("SELECT o.oid, o.size, state, bytes, last_used, p.oid IS NOT NULL"
                             " FROM objects o LEFT JOIN pins p ON p.oid = o.oid WHERE o.oid = ?1"
                             " UNION ALL SELECT oid, size, 0, 0, 0, 1 FROM pins WHERE oid = ?1"
                             " AND oid NOT IN (SELECT oid FROM objects WHERE oid = ?1)"));
    select->bind(1, oid);
    const std::vector<IndexRow> rows = TRY(read_rows(*select));
    return rows.empty() ? std::nullopt : std::optional(rows.front());
  });
}

Result<std::vector<IndexRow>> Index::rows() {
  return run([&](Connection& connection) -> Result<std::vector<IndexRow>> {
    Statement* select = TRY(connection.statement(
        "SELECT o.oid, o.size, state, bytes, last_used AS used, p.oid IS NOT NULL"
        " FROM objects o LEFT JOIN pins p ON p.oid = o.oid"
        " UNION ALL SELECT oid, size, 0, 0, 0, 1 FROM pins"
        " WHERE oid NOT IN (SELECT oid FROM objects) ORDER BY used DESC"));
    return read_rows(*select);
  });
}

Result<std::vector<IndexRow>> Index::victims(std::size_t count_max) {
  return run([&](Connection& connection) -> Result<std::vector<IndexRow>> {
    Statement* select = TRY(connection.statement(
        "SELECT oid, size, state, bytes, last_used, 0 FROM objects"
        " WHERE bytes > 0 AND oid NOT IN (SELECT oid FROM pins) ORDER BY last_used LIMIT ?"));
    select->bind(1, static_cast<std::uint64_t>(count_max));
    return read_rows(*select);
  });
}

Result<std::uint64_t> Index::total_bytes() {
  return run([&](Connection& connection) -> Result<std::uint64_t> {
    Statement* select = TRY(connection.statement("SELECT bytes FROM totals"));
    const bool found = TRY(select->step());
    const std::int64_t bytes = found ? select->column_int(0) : 0;
    select->reset();
    return static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0));
  });
}

Result<void> Index::record(const std::vector<IndexRow>& rows) {
  if (rows.empty()) return {};
  return change([&](Connection& connection) -> Result<void> {
    Statement* upsert = TRY(connection.statement(
        "INSERT INTO objects(oid, size, state, bytes, last_used) VALUES(?, ?, ?, ?, ?)"
        " ON CONFLICT(oid) DO UPDATE SET last_used = max(last_used, excluded.last_used),"
        " size = CASE WHEN state = 2 THEN size ELSE excluded.size END,"
        " bytes = CASE WHEN state = 2 THEN bytes ELSE excluded.bytes END,"
        " state = CASE WHEN state = 2 THEN 2 ELSE excluded.state END"));
    for (const IndexRow& row : rows) {
      // It may have been evicted since it was used: then it has no row to update.
      if (row.state == ObjectState::complete && !file_exists(layout_.object(row.id.oid))) continue;
      upsert->bind(1, row.id.oid).bind(2, row.id.size);
      upsert->bind(3, static_cast<std::int64_t>(row.state)).bind(4, row.bytes);
      TRY(upsert->bind(5, row.last_used_ns).run());
    }
    return {};
  });
}

Result<void> Index::record_complete(const std::vector<CompletedObject>& objects) {
  return change([&](Connection& connection) -> Result<void> {
    Statement* upsert = TRY(connection.statement(
        "INSERT INTO objects(oid, size, state, bytes, last_used) VALUES(?1, ?2, 2, ?2, ?3)"
        " ON CONFLICT(oid) DO UPDATE SET size = ?2, state = 2, bytes = ?2,"
        " last_used = max(last_used, ?3)"));
    Statement* keep =
        TRY(connection.statement("INSERT OR REPLACE INTO ledger(oid, states) VALUES(?, ?)"));
    Statement* drop = TRY(connection.statement("DELETE FROM partial WHERE oid = ?"));
    for (const CompletedObject& object : objects) {
      TRY(upsert->bind(1, object.id.oid)
              .bind(2, object.id.size)
              .bind(3, object.last_used_ns)
              .run());
      TRY(drop->bind(1, object.id.oid).run());
      if (object.ledger.empty()) continue;
      const std::string blob = blob_of(object.ledger);
      TRY(keep->bind(1, object.id.oid).bind_blob(2, blob.data(), blob.size()).run());
    }
    return {};
  });
}

Result<void> Index::set_state(const ObjectId& id, ObjectState state, std::uint64_t bytes) {
  return change([&](Connection& connection) -> Result<void> {
    Statement* upsert = TRY(connection.statement(
        "INSERT INTO objects(oid, size, state, bytes, last_used) VALUES(?1, ?2, ?3, ?4, 0)"
        " ON CONFLICT(oid) DO UPDATE SET size = ?2, state = ?3, bytes = ?4"));
    upsert->bind(1, id.oid).bind(2, id.size).bind(3, static_cast<std::int64_t>(state));
    return upsert->bind(4, bytes).run();
  });
}

Result<void> Index::forget(const Oid& oid) {
  return change([&](Connection& connection) -> Result<void> {
    TRY(TRY(connection.statement("DELETE FROM objects WHERE oid = ?"))->bind(1, oid).run());
    return TRY(connection.statement("DELETE FROM partial WHERE oid = ?"))->bind(1, oid).run();
  });
}

Result<void> Index::pin(const ObjectId& id, bool pinned) {
  return change([&](Connection& connection) -> Result<void> {
    if (!pinned) {
      return TRY(connection.statement("DELETE FROM pins WHERE oid = ?"))->bind(1, id.oid).run();
    }
    Statement* insert =
        TRY(connection.statement("INSERT OR REPLACE INTO pins(oid, size) VALUES(?, ?)"));
    return insert->bind(1, id.oid).bind(2, id.size).run();
  });
}

Result<bool> Index::is_pinned(const Oid& oid) {
  return run([&](Connection& connection) -> Result<bool> {
    Statement* select = TRY(connection.statement("SELECT 1 FROM pins WHERE oid = ?"));
    const bool found = TRY(select->bind(1, oid).step());
    select->reset();
    return found;
  });
}

Result<Ledger> Index::ledger(const Oid& oid) {
  return run([&](Connection& connection) -> Result<Ledger> {
    Statement* select = TRY(connection.statement("SELECT states FROM ledger WHERE oid = ?"));
    const std::string blob =
        TRY(select->bind(1, oid).step()) ? select->column_blob(0) : std::string();
    select->reset();
    Ledger ledger(blob.size() / sizeof(Sha256::State));
    if (!ledger.empty()) {
      std::memcpy(ledger.data(), blob.data(), ledger.size() * sizeof(Sha256::State));
    }
    return ledger;
  });
}

Result<Checkpoint> Index::checkpoint(const Oid& oid) {
  return run([&](Connection& connection) -> Result<Checkpoint> {
    Statement* select =
        TRY(connection.statement("SELECT token, bitmap FROM partial WHERE oid = ?"));
    Checkpoint checkpoint;
    if (TRY(select->bind(1, oid).step())) {
      checkpoint = {select->column_uint(0), select->column_blob(1)};
    }
    select->reset();
    return checkpoint;
  });
}

Result<void> Index::save_checkpoints(const std::vector<std::pair<Oid, Checkpoint>>& checkpoints) {
  return change([&](Connection& connection) -> Result<void> {
    Statement* insert = TRY(
        connection.statement("INSERT OR REPLACE INTO partial(oid, token, bitmap) VALUES(?, ?, ?)"));
    for (const auto& [oid, checkpoint] : checkpoints) {
      insert->bind(1, oid).bind(2, checkpoint.token);
      insert->bind_blob(3, checkpoint.bitmap.data(), checkpoint.bitmap.size());
      TRY(insert->run());
    }
    return {};
  });
}

Result<void> Index::remember_local(const Oid& oid, const FileIdentity& file) {
  return change([&](Connection& connection) -> Result<void> {
    Statement* insert = TRY(
        connection.statement("INSERT OR REPLACE INTO local(oid, device, inode, modified, changed)"
                             " VALUES(?, ?, ?, ?, ?)"));
    insert->bind(1, oid).bind(2, file.device).bind(3, file.inode);
    return insert->bind(4, file.modified_ns).bind(5, file.changed_ns).run();
  });
}

Result<bool> Index::knows_local(const Oid& oid, const FileIdentity& file) {
  return run([&](Connection& connection) -> Result<bool> {
    Statement* select = TRY(connection.statement(
        "SELECT 1 FROM local WHERE oid = ? AND device = ? AND inode = ? AND modified = ?"
        " AND changed = ?"));
    select->bind(1, oid).bind(2, file.device).bind(3, file.inode);
    const bool found = TRY(select->bind(4, file.modified_ns).bind(5, file.changed_ns).step());
    select->reset();
    return found;
  });
}

// A token before the bitmap: a block that is taken away after the bitmap was copied voids the
// token.
Result<void> save_checkpoints(Index& index, const std::vector<MapFile*>& maps) {
  if (maps.empty()) return {};
  std::vector<std::pair<Oid, Checkpoint>> checkpoints;
  for (MapFile* map : maps) {
    const std::uint64_t token = map->begin_checkpoint();
    checkpoints.emplace_back(map->id().oid, Checkpoint{token, map->bitmap()});
  }
  const bool all_synced = maps.size() >= kSyncAllFrom && ::syncfs(maps.front()->data_fd()) == 0;
  std::vector<std::pair<Oid, Checkpoint>> held;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    if (!all_synced) TRY(maps[i]->sync());
    if (!maps[i]->checkpoint_holds(checkpoints[i].second.token)) continue;
    held.push_back(std::move(checkpoints[i]));
  }
  return index.save_checkpoints(held);
}

}  // namespace lazylfs::cache
