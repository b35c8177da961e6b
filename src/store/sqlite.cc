#include "store/sqlite.h"

#include <sqlite3.h>

namespace mdlc::store {
namespace {

constexpr int busy_timeout_ms = 10'000;
constexpr int writer_cache_kib = 8 * 1024;
constexpr int reader_cache_kib = 1024;

// No memory map: each connection's counts as memory of the process, and a bad disk would be a SIGBUS instead of an
// error.
constexpr std::string_view common_settings =
    "PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF;";
// synchronous=FULL syncs the log at every commit: what was acknowledged survives the machine, too. The log is moved
// into the database every 16 MiB; a log that a long reader made longer is cut again.
constexpr std::string_view writer_settings =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4096; "
    "PRAGMA journal_size_limit=67108864;";
constexpr std::string_view reader_settings = "PRAGMA query_only=ON;";

struct binder {
  sqlite3_stmt* statement;
  int index;
  int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
  int operator()(int64_t i) const { return sqlite3_bind_int64(statement, index, i); }
  int operator()(double d) const { return sqlite3_bind_double(statement, index, d); }
  // SQLite takes a null pointer for NULL, and an empty view may have one.
  int operator()(std::string_view t) const {
    return sqlite3_bind_text64(statement, index, t.data() ? t.data() : "", t.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  int operator()(bytes b) const {
    return sqlite3_bind_blob64(statement, index, b.view.data() ? b.view.data() : "", b.view.size(), SQLITE_STATIC);
  }
};

row::cell cell_of(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return sqlite3_column_int64(statement, column);
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT:
    case SQLITE_BLOB: {
      auto* data = static_cast<const char*>(sqlite3_column_blob(statement, column));
      auto size = static_cast<size_t>(sqlite3_column_bytes(statement, column));
      return data ? std::string(data, size) : std::string();
    }
    default:
      return std::monostate{};
  }
}

}  // namespace

// A statement while it runs. It is out of the cache then, so that a visitor may run the same SQL again.
class connection::use {
 public:
  use(connection& owner, std::string_view sql, parameters given) : use(owner, owner.take(sql)) {
    auto* handle = statement_.handle;
    if (sqlite3_bind_parameter_count(handle) != static_cast<int>(given.size()))
      throw failure(fmt::format("{} parameters given to: {}", given.size(), sql));
    int index = 1;
    for (const auto& p : given)
      if (std::visit(binder{handle, index++}, p.value) != SQLITE_OK) owner_.fail(sql);
  }
  ~use() { owner_.give_back(std::move(statement_)); }
  use(const use&) = delete;

  // Whether there is a row.
  bool step() {
    int code = sqlite3_step(statement_.handle);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) owner_.fail(statement_.sql);
    return false;
  }
  row current() const {
    int columns = sqlite3_column_count(statement_.handle);
    std::vector<row::cell> cells;
    cells.reserve(static_cast<size_t>(columns));
    for (int i = 0; i < columns; i++) cells.push_back(cell_of(statement_.handle, i));
    return row(std::move(cells));
  }

 private:
  // Delegated to, so that the statement is given back when binding throws.
  use(connection& owner, statement taken) : owner_(owner), statement_(std::move(taken)) {}

  connection& owner_;
  statement statement_;
};

connection::connection(const sys::path& file, role as) {
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (as == role::writer ? SQLITE_OPEN_CREATE : 0);
  try {
    if (sqlite3_open_v2(file.c_str(), &handle_, flags, nullptr) != SQLITE_OK) fail("open the database");
    sqlite3_busy_timeout(handle_, busy_timeout_ms);
    sqlite3_extended_result_codes(handle_, 1);
    script(common_settings);
    script(as == role::writer ? writer_settings : reader_settings);
    script(fmt::format("PRAGMA cache_size=-{}", as == role::writer ? writer_cache_kib : reader_cache_kib));
  } catch (...) {
    sqlite3_close_v2(handle_);
    throw;
  }
}

connection::~connection() {
  for (auto& s : idle_) sqlite3_finalize(s.handle);
  sqlite3_close_v2(handle_);
}

int64_t connection::run(std::string_view sql, parameters given) {
  int64_t before = changes();
  use statement(*this, sql, given);
  while (statement.step()) {
  }
  return changes() - before;
}

void connection::each(std::string_view sql, parameters given, const std::function<bool(const row&)>& visit) {
  use statement(*this, sql, given);
  while (statement.step())
    if (!visit(statement.current())) return;
}

std::vector<row> connection::query(std::string_view sql, parameters given) {
  std::vector<row> rows;
  use statement(*this, sql, given);
  while (statement.step()) rows.push_back(statement.current());
  return rows;
}

void connection::script(std::string_view sql) {
  if (sqlite3_exec(handle_, std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
}

bool connection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

int64_t connection::changes() const { return sqlite3_total_changes64(handle_); }

connection::statement connection::take(std::string_view sql) {
  if (auto found = by_sql_.find(sql); found != by_sql_.end()) {
    auto at = found->second;
    by_sql_.erase(found);
    statement taken = std::move(*at);
    idle_.erase(at);
    return taken;
  }
  statement made{std::string(sql), nullptr};
  const char* rest = nullptr;
  if (sqlite3_prepare_v3(handle_, made.sql.c_str(), static_cast<int>(sql.size() + 1), SQLITE_PREPARE_PERSISTENT,
                         &made.handle, &rest) != SQLITE_OK)
    fail(sql);
  if (!made.handle) throw failure(fmt::format("no statement: {}", sql));
  return made;
}

void connection::give_back(statement used) {
  sqlite3_reset(used.handle);
  sqlite3_clear_bindings(used.handle);
  if (by_sql_.contains(used.sql)) {
    sqlite3_finalize(used.handle);
    return;
  }
  idle_.push_front(std::move(used));
  by_sql_.emplace(idle_.front().sql, idle_.begin());
  if (idle_.size() <= max_idle_statements) return;
  by_sql_.erase(idle_.back().sql);
  sqlite3_finalize(idle_.back().handle);
  idle_.pop_back();
}

void connection::fail(std::string_view doing) const {
  throw failure(fmt::format("{} ({}): {}", handle_ ? sqlite3_errmsg(handle_) : "out of memory",
                            handle_ ? sqlite3_extended_errcode(handle_) : SQLITE_NOMEM, doing));
}

}  // namespace mdlc::store
