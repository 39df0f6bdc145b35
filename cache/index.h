// The index: what the cache knows beyond what the files say. Never the truth about bytes: a
// complete object is a file in objects/, a partial one is its map. Losing the index loses pins,
// ledgers, checkpoints and the order of use, and no data.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cache/cache.h"
#include "cache/database.h"
#include "cache/layout.h"
#include "cache/map_file.h"
#include "lfs/base/guarded.h"

namespace lazylfs::cache {

struct IndexRow {
  ObjectId id;
  ObjectState state = ObjectState::remote;
  std::uint64_t bytes = 0;
  std::int64_t last_used_ns = 0;
  bool pinned = false;
};

struct CompletedObject {
  ObjectId id;
  Ledger ledger;
  std::int64_t last_used_ns = 0;
};

// Blocks that were on the disk itself at some time; see MapFile::begin_checkpoint().
struct Checkpoint {
  std::uint64_t token = 0;
  std::string bitmap;
};

// What identifies a file outside the cache as the one that was hashed.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;
};

// Thread-safe. When the file turns out to be damaged, in any call, it is set aside and rebuilt.
class Index {
 public:
  static Result<std::unique_ptr<Index>> open(const Layout& layout);

  Result<std::optional<IndexRow>> row(const Oid& oid);
  Result<std::vector<IndexRow>> rows();  // most recently used first
  // Unpinned objects with bytes, least recently used first.
  Result<std::vector<IndexRow>> victims(std::size_t count_max);
  Result<std::uint64_t> total_bytes();

  // Access times and the sizes of partial objects. A row of a complete object is not made partial.
  Result<void> record(const std::vector<IndexRow>& rows);
  Result<void> record_complete(const std::vector<CompletedObject>& objects);
  Result<void> set_state(const ObjectId& id, ObjectState state, std::uint64_t bytes);
  Result<void> forget(const Oid& oid);  // the row; not the pin, not the ledger

  Result<void> pin(const ObjectId& id, bool pinned);
  Result<bool> is_pinned(const Oid& oid);

  Result<Ledger> ledger(const Oid& oid);          // empty when unknown
  Result<Checkpoint> checkpoint(const Oid& oid);  // empty when there is none
  Result<void> save_checkpoints(const std::vector<std::pair<Oid, Checkpoint>>& checkpoints);

  Result<void> remember_local(const Oid& oid, const FileIdentity& file);
  Result<bool> knows_local(const Oid& oid, const FileIdentity& file);

  // Another process may have replaced a damaged index; then this one moves over to the new file.
  void follow_replacement();

 private:
  struct Connection {
    std::unique_ptr<Database> database;
    std::map<const char*, Statement> statements;  // by the address of their literal
    std::uint64_t inode = 0;
    Result<Statement*> statement(const char* sql);
  };

  explicit Index(Layout layout) : layout_(std::move(layout)) {}
  Result<void> connect(Connection& connection);
  Result<void> replace(Connection& connection, const Error& reason);
  Result<void> rebuild(Connection& connection);
  template <typename Body>
  auto run(Body body) -> decltype(body(std::declval<Connection&>()));
  template <typename Body>
  Result<void> change(Body body);
  static Result<std::vector<IndexRow>> read_rows(Statement& statement);

  Layout layout_;
  Guarded<Connection> connection_;
};

// Syncs what is here of some objects and notes it, so that it survives a power cut.
Result<void> save_checkpoints(Index& index, const std::vector<MapFile*>& maps);

}  // namespace lazylfs::cache
