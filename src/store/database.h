// Rows in SQLite, written by one thread that makes all waiting units of work one transaction.
//
// SQL is the dialect that SQLite 3.40 and PostgreSQL 15 both take; parameters are written ?1, ?2, …
// SQL that fails (a broken disk, a bug) throws store::failure: dispatch turns it into a 500, the unit is rolled back.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/result.h"
#include "sys/files.h"

namespace mdlc::store {

struct failure : std::runtime_error {
  using runtime_error::runtime_error;
};

// Bytes rather than text. The view must outlive the call.
struct bytes {
  std::string_view view;
};

// A statement's parameter. Views must outlive the call.
class parameter {
 public:
  parameter(std::nullptr_t) {}
  parameter(std::nullopt_t) {}
  parameter(const char* text) : value(std::string_view{text}) {}
  parameter(std::string_view text) : value(text) {}
  parameter(const std::string& text) : value(std::string_view{text}) {}
  parameter(store::bytes b) : value(b) {}
  parameter(double d) : value(d) {}
  template <class T>
  requires std::is_integral_v<T> parameter(T i) : value(static_cast<int64_t>(i)) {}
  template <class T>
  parameter(const std::optional<T>& o) {
    if (o) value = parameter(*o).value;
  }

  std::variant<std::monostate, int64_t, double, std::string_view, store::bytes> value;
};
using parameters = std::initializer_list<parameter>;

// A row that was read; it owns its values. Columns count from 0. A column of another type throws store::failure.
class row {
 public:
  using cell = std::variant<std::monostate, int64_t, double, std::string>;  // bytes are strings too

  explicit row(std::vector<cell> cells) : cells_(std::move(cells)) {}
  bool is_null(size_t column) const;
  int64_t integer(size_t column) const;
  double real(size_t column) const;
  const std::string& text(size_t column) const;  // or bytes
  std::optional<int64_t> integer_if(size_t column) const;
  std::optional<std::string> text_if(size_t column) const;
  size_t size() const { return cells_.size(); }

 private:
  std::vector<cell> cells_;
};

// What can be asked. One thread at a time.
class reader {
 public:
  virtual ~reader() = default;
  // All rows; bound them with LIMIT.
  virtual std::vector<row> query(std::string_view sql, parameters = {}) = 0;
  // Row by row, with nothing kept; stops when `visit` returns false.
  virtual void each(std::string_view sql, parameters, const std::function<bool(const row&)>& visit) = 0;
  std::optional<row> first(std::string_view sql, parameters = {});
};

// A unit of work's view of the shared transaction; it sees what it and earlier units wrote. Only valid inside the unit.
class transaction : public reader {
 public:
  // The number of rows that changed.
  virtual int64_t run(std::string_view sql, parameters = {}) = 0;
  // Runs after the commit, in order, on the writer's thread: keep it short and post what is not. Dropped if the unit
  // fails.
  virtual void after_commit(std::function<void()>) = 0;
  // Runs `work`; rolls back what it wrote (its after_commit calls included) where it returns false or throws.
  virtual bool nested(const std::function<bool()>& work) = 0;
};

// A numbered step of a module's tables; once released never changed. `sql` may hold several statements.
struct migration {
  int number;
  std::string_view sql;
};

class database {
 public:
  // Opens or makes the database in `file`. Refuses one written by a newer mdlc.
  static base::result<std::unique_ptr<database>> open(const sys::path& file);
  virtual ~database() = default;  // finishes what is queued

  // Brings a module's tables ("dynamodb") up to date; before any read or write of it.
  virtual base::result<void> migrate(std::string_view module, std::span<const migration>) = 0;

  // Runs `work` on the calling thread with a reader's connection of its own: a snapshot as of its first query.
  template <class F>
  auto read(F&& work) -> std::invoke_result_t<F, reader&> {
    std::optional<std::invoke_result_t<F, reader&>> out;
    run_read([&](reader& r) { out.emplace(work(r)); });
    return std::move(*out);
  }

  // Runs `work` on the writer's thread in a savepoint of the shared transaction, and returns what it returned once that
  // is durable. An exception rolls the unit back and comes out here; others in the transaction do not notice.
  // Never call it from inside a unit.
  template <class F>
  auto write(F&& work) -> std::invoke_result_t<F, transaction&> {
    using R = std::invoke_result_t<F, transaction&>;
    if constexpr (std::is_void_v<R>) {
      run_write([&](transaction& t) { work(t); });
    } else {
      std::optional<R> out;
      run_write([&](transaction& t) { out.emplace(work(t)); });
      return std::move(*out);
    }
  }

  // The same without waiting: `done` is called on the writer's thread after the commit, with the exception that rolled
  // the unit back or null. Units run in the order in which they were posted.
  virtual void post(std::function<void(transaction&)> work, std::function<void(std::exception_ptr)> done) = 0;

  struct counters {
    int64_t commits = 0;
    int64_t units = 0;
  };
  virtual counters count() const = 0;

 private:
  virtual void run_read(const std::function<void(reader&)>&) = 0;
  virtual void run_write(const std::function<void(transaction&)>&) = 0;
};

}  // namespace mdlc::store
