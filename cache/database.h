// A thin owner of an SQLite connection and its statements.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sqlite3.h>

#include "lfs/base/handle.h"
#include "lfs/base/oid.h"
#include "lfs/base/result.h"

namespace lazylfs::cache {

// Thread-compatible. Bind, step, read columns; reset() makes it ready for another run.
class Statement {
 public:
  Statement() = default;
  explicit Statement(Handle<sqlite3_stmt, sqlite3_finalize> statement)
      : statement_(std::move(statement)) {}

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::uint64_t value) {
    return bind(index, static_cast<std::int64_t>(value));
  }
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, const void* data, std::size_t bytes);
  Statement& bind(int index, const Oid& oid) {
    return bind_blob(index, oid.bytes().data(), oid.bytes().size());
  }

  Result<bool> step();  // true: there is a row
  Result<void> run();   // step to the end, then reset
  void reset();

  std::int64_t column_int(int index) const { return sqlite3_column_int64(statement_.get(), index); }
  std::uint64_t column_uint(int index) const {
    return static_cast<std::uint64_t>(column_int(index));
  }
  std::string column_blob(int index) const;
  Oid column_oid(int index) const;  // all zero when the column is no oid

 private:
  Handle<sqlite3_stmt, sqlite3_finalize> statement_;
};

// Thread-compatible.
class Database {
 public:
  static Result<Database> open(const std::string& path);

  Result<void> execute(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);
  Result<std::int64_t> query_int(std::string_view sql);

 private:
  explicit Database(Handle<sqlite3, sqlite3_close_v2> connection)
      : connection_(std::move(connection)) {}
  Handle<sqlite3, sqlite3_close_v2> connection_;
};

// Errors of SQLite carry its extended code in their text. Errc::corrupt means that the file is
// damaged or is no database.
Error database_error(sqlite3* connection, int rc, std::string_view what);

// Rolls back unless committed. Thread-compatible; must not outlive its database.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database* database) : database_(database) {}
  Database* database_;
};

}  // namespace lazylfs::cache
