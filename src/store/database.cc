#include "store/database.h"

#include "store/sqlite.h"
#include "store/writer.h"

namespace mdlc::store {
namespace {

// What the file itself looks like; modules' tables have versions of their own.
constexpr int file_format = 1;
constexpr int application_id = 0x6d646c63;  // "mdlc"; file(1) shows it

constexpr size_t max_idle_readers = 8;

template <class T>
const T& get(const std::vector<row::cell>& cells, size_t column, const char* wanted) {
  if (column >= cells.size()) throw failure(fmt::format("a row of {} columns has no column {}", cells.size(), column));
  if (auto* found = std::get_if<T>(&cells[column])) return *found;
  throw failure(fmt::format("column {} holds no {}", column, wanted));
}

class reading : public reader {
 public:
  explicit reading(connection& c) : connection_(c) {}
  std::vector<row> query(std::string_view sql, parameters given) override { return connection_.query(sql, given); }
  void each(std::string_view sql, parameters given, const std::function<bool(const row&)>& visit) override {
    connection_.each(sql, given, visit);
  }

 private:
  connection& connection_;
};

class sqlite_database : public database {
 public:
  explicit sqlite_database(const sys::path& file)
      : file_(file), writer_(std::make_unique<connection>(file, connection::role::writer)) {}

  base::result<void> migrate(std::string_view module, std::span<const migration> steps) override {
    const int64_t newest = steps.empty() ? 0 : steps.back().number;
    try {
      // A start with nothing to do commits nothing.
      if (const auto have = read([&](reader& r) { return version_of(r, module); }); have && *have == newest) return {};
      return write([&](transaction& t) { return migrate_in(t, module, steps); });
    } catch (const failure& e) {
      return base::fail(fmt::format("tables of {}: {}", module, e.what()));
    }
  }

  void post(std::function<void(transaction&)> work, std::function<void(std::exception_ptr)> done) override {
    writer_.post(std::move(work), std::move(done));
  }

  counters count() const override { return writer_.count(); }

 private:
  void run_write(const std::function<void(transaction&)>& work) override { writer_.run(work); }

  void run_read(const std::function<void(reader&)>& work) override {
    auto c = take_reader();
    reading view(*c);
    c->run("BEGIN", {});
    try {
      work(view);
    } catch (...) {
      if (c->in_transaction()) c->run("ROLLBACK", {});
      give_back(std::move(c));
      throw;
    }
    c->run("COMMIT", {});
    give_back(std::move(c));
  }

  static std::optional<int64_t> version_of(reader& r, std::string_view module) {
    if (!r.first("SELECT 1 FROM sqlite_schema WHERE name = 'module_version'")) return {};
    auto known = r.first("SELECT version FROM module_version WHERE module = ?1", {module});
    if (!known) return {};
    return known->integer(0);
  }

  static base::result<void> migrate_in(transaction& t, std::string_view module, std::span<const migration> steps) {
    t.run("CREATE TABLE IF NOT EXISTS module_version (module TEXT PRIMARY KEY, version BIGINT NOT NULL)");
    int64_t version = version_of(t, module).value_or(0);
    if (version > (steps.empty() ? 0 : steps.back().number))
      return base::fail(fmt::format("the tables of {} were written by a newer version of mdlc", module));
    for (const auto& step : steps) {
      if (step.number <= version) continue;
      run_script(t, step.sql);
      version = step.number;
    }
    t.run(
        "INSERT INTO module_version (module, version) VALUES (?1, ?2) "
        "ON CONFLICT (module) DO UPDATE SET version = excluded.version",
        {module, version});
    return {};
  }

  std::unique_ptr<connection> take_reader() {
    {
      std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto taken = std::move(idle_.back());
        idle_.pop_back();
        return taken;
      }
    }
    // Never waits for one: a read inside a read would be a deadlock once every thread does it.
    return std::make_unique<connection>(file_, connection::role::reader);
  }

  void give_back(std::unique_ptr<connection> c) {
    std::lock_guard lock(mutex_);
    if (idle_.size() < max_idle_readers) idle_.push_back(std::move(c));
  }

  const sys::path file_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<connection>> idle_;
  group_writer writer_;
};

base::result<void> check_format(connection& c) {
  int64_t found = c.query("PRAGMA user_version", {}).at(0).integer(0);
  if (found > file_format) return base::fail("the database was written by a newer version of mdlc");
  if (found == 0)
    c.script(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", application_id, file_format));
  return {};
}

}  // namespace

bool row::is_null(size_t column) const {
  return column >= cells_.size() || std::holds_alternative<std::monostate>(cells_[column]);
}
int64_t row::integer(size_t column) const { return get<int64_t>(cells_, column, "integer"); }
double row::real(size_t column) const { return get<double>(cells_, column, "real number"); }
const std::string& row::text(size_t column) const { return get<std::string>(cells_, column, "text"); }

std::optional<int64_t> row::integer_if(size_t column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::string> row::text_if(size_t column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<row> reader::first(std::string_view sql, parameters given) {
  std::optional<row> found;
  each(sql, given, [&](const row& r) {
    found = r;
    return false;
  });
  return found;
}

base::result<std::unique_ptr<database>> database::open(const sys::path& file) {
  try {
    {
      connection first(file, connection::role::writer);
      MDLC_CHECK(check_format(first));
    }
    // SQLite syncs what it writes, but not the folder that names a new database.
    MDLC_CHECK(sys::sync_folder(file.has_parent_path() ? file.parent_path() : sys::path(".")));
    return std::make_unique<sqlite_database>(file);
  } catch (const failure& e) {
    return base::fail(fmt::format("{}: {}", file.string(), e.what()));
  }
}

}  // namespace mdlc::store
