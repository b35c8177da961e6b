#include "store/journal.h"

#include <mutex>
#include <set>
#include <unordered_map>

namespace mdlc::store {
namespace {

// Only a procedure's first row names it: the others are found over `previous`, from the checkpoint on.
constexpr migration tables[] = {{1, R"(
  CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY,
    previous BIGINT NOT NULL,
    closes INTEGER NOT NULL,
    kind TEXT,
    uid TEXT,
    records BLOB NOT NULL);
  CREATE TABLE journal_open (
    kind TEXT NOT NULL,
    uid TEXT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (kind, uid)) WITHOUT ROWID;
  CREATE TABLE journal_checkpoint (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    at BIGINT NOT NULL);
  INSERT INTO journal_checkpoint (only, at) VALUES (1, 0);
)"}};

}  // namespace

struct journal::state {
  explicit state(database& d) : db(d) {}

  void recover(reader&);
  void learn(const procedure_id&, sequence at, bool closes);
  void checkpoint_if_due(const std::shared_ptr<state>& self);
  void write_checkpoint(transaction&);
  void write_head(transaction&, const procedure_id&);

  database& db;
  std::mutex mutex;
  sequence committed = 0;                  // the last row that `heads` knows of
  std::map<procedure_id, sequence> heads;  // of the open ones, as committed
  std::set<procedure_id> changed;          // since the checkpoint

  // After the start the writer's thread's alone.
  sequence next = 1;
  sequence checkpointed = 0;
  bool writing = false;
};

void journal::state::recover(reader& r) {
  checkpointed = committed = r.first("SELECT at FROM journal_checkpoint")->integer(0);
  std::unordered_map<sequence, procedure_id> by_last;
  r.each("SELECT kind, uid, last FROM journal_open", {}, [&](const row& found) {
    procedure_id id{found.text(0), found.text(1)};
    by_last.emplace(found.integer(2), id);
    heads.emplace(std::move(id), found.integer(2));
    return true;
  });
  r.each(
      "SELECT sequence, previous, closes, kind, uid FROM journal WHERE sequence > ?1 ORDER BY sequence", {committed},
      [&](const row& found) {
        sequence at = found.integer(0), previous = found.integer(1);
        procedure_id id;
        if (!found.is_null(3)) {
          id = {found.text(3), found.text(4)};
        } else if (auto known = by_last.extract(previous)) {
          id = std::move(known.mapped());
        } else {
          throw failure(fmt::format("journal row {} follows row {}, which is no open procedure's last", at, previous));
        }
        bool closes = found.integer(2) != 0;
        learn(id, at, closes);
        if (!closes) by_last.emplace(at, std::move(id));
        return true;
      });
  next = committed + 1;
}

void journal::state::learn(const procedure_id& id, sequence at, bool closes) {
  std::lock_guard lock(mutex);
  committed = at;
  changed.insert(id);
  if (closes)
    heads.erase(id);
  else
    heads[id] = at;
}

void journal::state::checkpoint_if_due(const std::shared_ptr<state>& self) {
  if (writing || committed - checkpointed < checkpoint_every_rows) return;
  writing = true;
  db.post([self](transaction& t) { self->write_checkpoint(t); }, [self](std::exception_ptr) { self->writing = false; });
}

void journal::state::write_checkpoint(transaction& t) {
  // Rows that earlier units of this transaction appended are not in `heads` yet: they are the tail after `at`.
  std::set<procedure_id> ids;
  sequence at;
  {
    std::lock_guard lock(mutex);
    ids.swap(changed);
    at = committed;
  }
  try {
    for (const auto& id : ids) write_head(t, id);
    t.run("UPDATE journal_checkpoint SET at = ?1", {at});
  } catch (...) {
    std::lock_guard lock(mutex);
    changed.merge(ids);
    throw;
  }
  t.after_commit([this, at] { checkpointed = at; });
}

void journal::state::write_head(transaction& t, const procedure_id& id) {
  // Read without the lock: only the writer's thread changes heads, and that is this one.
  auto head = heads.find(id);
  if (head == heads.end())
    t.run("DELETE FROM journal_open WHERE kind = ?1 AND uid = ?2", {id.kind, id.uid});
  else
    t.run(
        "INSERT INTO journal_open (kind, uid, last) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (kind, uid) DO UPDATE SET last = excluded.last",
        {id.kind, id.uid, head->second});
}

journal::journal(database& db) : state_(std::make_shared<state>(db)) {
  if (auto migrated = db.migrate("journal", tables); !migrated) throw failure(migrated.error().message);
  db.read([&](reader& r) {
    state_->recover(r);
    return true;
  });
}

journal::~journal() = default;

sequence journal::append(transaction& t, const procedure_id& id, sequence previous, std::string_view records,
                         bool closes, bool reopens) {
  sequence at = state_->next++;
  std::optional<std::string_view> kind, uid;
  if (previous == 0 || reopens) {
    kind = id.kind;
    uid = id.uid;
  }
  t.run("INSERT INTO journal (sequence, previous, closes, kind, uid, records) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        {at, previous, closes, kind, uid, bytes{records}});
  t.after_commit([state = state_, id, at, closes] {
    state->learn(id, at, closes);
    state->checkpoint_if_due(state);
  });
  return at;
}

std::vector<batch> journal::read(reader& r, sequence last) const {
  std::vector<batch> batches;
  for (sequence at = last; at != 0; at = batches.back().previous) {
    auto found = r.first("SELECT previous, closes, records FROM journal WHERE sequence = ?1", {at});
    if (!found) throw failure(fmt::format("journal row {} is missing", at));
    batches.push_back({at, found->integer(0), found->integer(1) != 0, found->text(2)});
  }
  std::reverse(batches.begin(), batches.end());
  return batches;
}

std::vector<journal::open_procedure> journal::open() {
  std::lock_guard lock(state_->mutex);
  std::vector<open_procedure> all;
  all.reserve(state_->heads.size());
  for (const auto& [id, last] : state_->heads) all.push_back({id, last});
  return all;
}

void journal::checkpoint() {
  state_->db.write([state = state_](transaction& t) { state->write_checkpoint(t); });
}

}  // namespace mdlc::store
