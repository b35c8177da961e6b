// One SQLite connection with its prepared statements. One thread at a time. Only store/ includes it.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace mdlc::store {

class connection {
 public:
  // A connection that keeps its cache of pages small: many readers stand idle.
  enum class role { writer, reader };

  // Throws store::failure, as everything here.
  connection(const sys::path& file, role);
  ~connection();
  connection(const connection&) = delete;

  int64_t run(std::string_view sql, parameters);
  void each(std::string_view sql, parameters, const std::function<bool(const row&)>& visit);
  std::vector<row> query(std::string_view sql, parameters);
  // Several statements without parameters.
  void script(std::string_view sql);
  // False where SQLite has rolled the transaction back by itself, as it does when the disk is full.
  bool in_transaction() const;
  int64_t changes() const;  // rows changed since the connection was opened

  // Prepared statements that a connection keeps at most; the least recently used goes.
  static constexpr size_t max_idle_statements = 256;

 private:
  class use;
  struct statement {
    std::string sql;
    sqlite3_stmt* handle;
  };

  statement take(std::string_view sql);
  void give_back(statement);
  [[noreturn]] void fail(std::string_view doing) const;

  sqlite3* handle_ = nullptr;
  std::list<statement> idle_;  // most recently used first
  std::unordered_map<std::string_view, std::list<statement>::iterator> by_sql_;
};

}  // namespace mdlc::store
