// What takes longer than one commit: removing the rows of tables and indexes that were deleted, and filling indexes
// that were added.
#pragma once

#include "api/host.h"
#include "api/piecework.h"
#include "services/dynamodb/table.h"

namespace mdlc::services::dynamodb {

// Rows that one unit of work touches at most: the writer is everybody's.
inline constexpr int64_t sweep_rows = 500;

class sweeper {
 public:
  sweeper(api::host&, catalog&);

  // Call it after a commit that made work. Thread-safe.
  void start() { work_.start(); }
  void stop() { work_.stop(); }

 private:
  bool fill_some(store::transaction&);
  void finish(store::transaction&, const table&, const index&);

  api::host& host_;
  catalog& tables_;
  // Where the filling of an index goes on, by TableId and index; set after the commit. After a restart it begins anew:
  // entries that are there already stay.
  std::map<std::pair<std::string, int64_t>, key_bytes> filled_;
  api::piecework work_;
};

}  // namespace mdlc::services::dynamodb
