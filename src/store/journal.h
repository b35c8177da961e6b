// The append-only journal: one row a batch of one procedure's records, pointing to that procedure's previous row.
//
// Keyed by sequence, without a secondary index and without a head row that every append would update (DESIGN: The
// engine). Who is open and where each one's last row stands is kept in memory and in a lazy checkpoint; a start reads
// the checkpoint and the rows after it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.h"

namespace mdlc::store {

using sequence = int64_t;  // 0: none

// A procedure is named by its kind ("execution", "stack") and a uid that never recurs.
struct procedure_id {
  std::string kind;
  std::string uid;
  auto operator<=>(const procedure_id&) const = default;
};

struct batch {
  sequence at;
  sequence previous;
  bool closes;          // the procedure ends with it
  std::string records;  // the owner's own encoding; begins with a format version
};

// Appended rows after which a checkpoint is written by itself: what a start has to scan at most, and a bit.
inline constexpr sequence checkpoint_every_rows = 16'384;

class journal {
 public:
  explicit journal(database&);  // migrates its tables, reads the checkpoint and the tail; throws store::failure
  ~journal();
  journal(const journal&) = delete;

  // Appends in the unit's transaction and returns the row's sequence. `previous`: that procedure's last row, or 0.
  // `reopens`: that row closed it, and it is open again with this one.
  sequence append(transaction&, const procedure_id&, sequence previous, std::string_view records, bool closes,
                  bool reopens = false);

  // All batches of a procedure, oldest first, from its last row back.
  std::vector<batch> read(reader&, sequence last) const;

  struct open_procedure {
    procedure_id id;
    sequence last;
  };
  // Those begun and not closed, as committed; a start takes them up again.
  std::vector<open_procedure> open();
  // Writes the checkpoint; call it now and then and at a clean stop. It only shortens the next start.
  void checkpoint();

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace mdlc::store
