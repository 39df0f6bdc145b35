#include "cache/database.h"

#include <algorithm>
#include <array>

namespace lazylfs::cache {
namespace {

constexpr int kBusyTimeoutMs = 5000;

Errc code_of(int rc) {
  switch (rc & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return Errc::corrupt;
    case SQLITE_FULL:
      return Errc::no_space;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Errc::busy;
    case SQLITE_READONLY:
      return Errc::read_only;
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Errc::denied;
    default:
      return Errc::io;
  }
}

}  // namespace

Error database_error(sqlite3* connection, int rc, std::string_view what) {
  const int extended = connection != nullptr ? sqlite3_extended_errcode(connection) : rc;
  // A file that is cut short shows as a short read or as a failed mapping of the shared memory.
  const bool short_file = extended == SQLITE_IOERR_SHORT_READ;
  const char* detail = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(rc);
  std::string message(what);
  message += ": ";
  message += detail;
  message += " (SQLite code " + std::to_string(extended) + ")";
  return {short_file ? Errc::corrupt : code_of(rc), std::move(message)};
}

Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), index, text.data(), text.size(),
                      SQLITE_TRANSIENT,  // NOLINT: SQLite's macro has a C cast
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int index, const void* data, std::size_t bytes) {
  sqlite3_bind_blob64(statement_.get(), index, data, bytes,
                      SQLITE_TRANSIENT);  // NOLINT: SQLite's macro has a C cast
  return *this;
}

Result<bool> Statement::step() {
  const int rc = sqlite3_step(statement_.get());
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  const Error error = database_error(sqlite3_db_handle(statement_.get()), rc, "index");
  reset();
  return error;
}

Result<void> Statement::run() {
  while (TRY(step())) {
  }
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::string Statement::column_blob(int index) const {
  const void* data = sqlite3_column_blob(statement_.get(), index);
  const int bytes = sqlite3_column_bytes(statement_.get(), index);
  if (data == nullptr || bytes <= 0) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(bytes)};
}

Oid Statement::column_oid(int index) const {
  const std::string blob = column_blob(index);
  std::array<std::uint8_t, Oid::kBytes> bytes{};
  if (blob.size() == bytes.size()) std::copy(blob.begin(), blob.end(), bytes.begin());
  return Oid(bytes);
}

Result<Database> Database::open(const std::string& path) {
  Handle<sqlite3, sqlite3_close_v2> connection;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int rc = sqlite3_open_v2(path.c_str(), Out(connection), flags, nullptr);
  if (rc != SQLITE_OK) return database_error(connection.get(), rc, "open " + path);
  sqlite3_extended_result_codes(connection.get(), 1);
  sqlite3_busy_timeout(connection.get(), kBusyTimeoutMs);
  return Database(std::move(connection));
}

Result<void> Database::execute(const std::string& sql) {
  const int rc = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return database_error(connection_.get(), rc, "index");
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  Handle<sqlite3_stmt, sqlite3_finalize> statement;
  const int rc = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                    SQLITE_PREPARE_PERSISTENT, Out(statement), nullptr);
  if (rc != SQLITE_OK) return database_error(connection_.get(), rc, "index");
  return Statement(std::move(statement));
}

Result<std::int64_t> Database::query_int(std::string_view sql) {
  Statement statement = TRY(prepare(sql));
  if (!TRY(statement.step())) return Error(Errc::not_found, "index: no row");
  return statement.column_int(0);
}

Result<Transaction> Transaction::begin(Database& database) {
  TRY(database.execute("BEGIN IMMEDIATE"));
  return Transaction(&database);
}

Transaction::~Transaction() {
  if (database_ != nullptr) (void)database_->execute("ROLLBACK");
}

Result<void> Transaction::commit() {
  TRY(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace lazylfs::cache
