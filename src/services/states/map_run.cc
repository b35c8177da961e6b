#include "services/states/map_run.h"

namespace mdlc::services::states {
namespace {

constexpr std::string_view columns =
    "id, account, region, arn, label, execution, execution_uid, command, machine, machine_name, revision, phase, "
    "status, started_ms, stopped_ms, max_concurrency, tolerated_count, tolerated_percentage, spool, spool_bytes, "
    "total, "
    "position, next_item, error, cause, output, files, results_written, express, redrives, "
    "redriven_ms";

map_run_row read(const store::row& r) {
  map_run_row m{.id = r.integer(0),
                .scope = {r.text(1), r.text(2)},
                .arn = r.text(3),
                .label = r.text(4),
                .execution = r.text(5),
                .execution_uid = r.text(6),
                .command = r.text(7),
                .machine = r.text(8),
                .machine_name = r.text(9),
                .revision = r.text(10),
                .phase = r.text(11),
                .status = r.text(12),
                .started = base::from_ms(r.integer(13)),
                .stopped = {},
                .max_concurrency = r.integer(15),
                .tolerated_count = r.integer_if(16),
                .tolerated_percentage = {},
                .spool = r.text(18),
                .spool_bytes = r.integer(19),
                .total = r.integer(20),
                .position = r.integer(21),
                .next_item = r.integer(22),
                .error = r.text_if(23),
                .cause = r.text_if(24),
                .output = r.text_if(25),
                .files = r.text(26),
                .results_written = r.integer(27),
                .redrives = r.integer(29),
                .redriven = {},
                .express = r.integer(28) != 0};
  if (auto ms = r.integer_if(14)) m.stopped = base::from_ms(*ms);
  if (auto ms = r.integer_if(30)) m.redriven = base::from_ms(*ms);
  if (!r.is_null(17)) m.tolerated_percentage = r.real(17);
  return m;
}

}  // namespace

std::string map_run_row::machine_arn() const { return machine_arn_of(scope, machine_name + "/" + label); }

std::optional<map_run_row> find_map_run(store::reader& r, const std::string& arn) {
  auto row = r.first(fmt::format("SELECT {} FROM states_map_run WHERE arn = ?1", columns), {arn});
  if (!row) return {};
  return read(*row);
}

api::answer<map_run_row> need_map_run(store::reader& r, const std::string& arn) {
  auto parts = base::parse_arn(arn);
  if (!parts || parts->service != "states" || !parts->resource.starts_with("mapRun:"))
    return api::refuse("InvalidArn", fmt::format("Invalid Arn: 'Invalid ARN prefix: {}'", arn));
  auto m = find_map_run(r, arn);
  if (!m) return api::refuse("ResourceNotFound", fmt::format("Resource not found: '{}'", arn));
  return *m;
}

std::vector<map_run_row> map_runs_of(store::reader& r, const std::string& execution, int64_t before, int64_t limit) {
  std::vector<map_run_row> out;
  for (const auto& row : r.query(fmt::format("SELECT {} FROM states_map_run WHERE execution = ?1 AND id < ?2 ORDER BY "
                                             "id DESC LIMIT ?3",
                                             columns),
                                 {execution, before, limit}))
    out.push_back(read(row));
  return out;
}

std::vector<std::string> open_map_runs(store::reader& r) {
  std::vector<std::string> out;
  for (const auto& row : r.query("SELECT arn FROM states_map_run WHERE stopped_ms IS NULL ORDER BY id"))
    out.push_back(row.text(0));
  return out;
}

bool has_open_map_run(store::reader& r, const std::string& execution) {
  return r.first("SELECT 1 FROM states_map_run WHERE execution = ?1 AND stopped_ms IS NULL", {execution}).has_value();
}

std::set<std::string> spools_in_use(store::reader& r) {
  std::set<std::string> out;
  for (const auto& row : r.query("SELECT spool FROM states_map_run WHERE spool <> ''")) out.insert(row.text(0));
  return out;
}

json::value plan_of(store::reader& r, const std::string& arn) {
  return *json::parse(r.first("SELECT plan FROM states_map_run WHERE arn = ?1", {arn})->text(0));
}

void insert_map_run(store::transaction& t, const std::string& execution_uid, const std::string& command,
                    const std::string& arn, const json::value& plan, base::time_point now) {
  auto parent =
      t.first("SELECT account, region, arn, machine, machine_name, revision FROM states_execution WHERE uid = ?1",
              {execution_uid});
  // Of a child that is a parent in its turn, the machine is the one that both are of.
  std::string machine = parent->text(3).substr(0, parent->text(3).find('/'));
  std::string machine_name = parent->text(4).substr(0, parent->text(4).find('/'));
  // …:mapRun:MACHINE/LABEL:UUID
  std::string label = arn.substr(0, arn.rfind(':'));
  label.erase(0, label.rfind('/') + 1);
  std::optional<int64_t> count;
  std::optional<double> percentage;
  if (const auto* n = json::find(plan, "tolerated_count")) count = n->to_number<int64_t>();
  if (const auto* n = json::find(plan, "tolerated_percentage")) percentage = json::to_double(*n);
  t.run(
      "INSERT INTO states_map_run (account, region, arn, label, execution, execution_uid, command, machine, "
      "machine_name, revision, plan, phase, status, started_ms, max_concurrency, tolerated_count, "
      "tolerated_percentage, spool, spool_bytes, total, position, next_item, files, results_written, redrives, "
      "express) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'reading', 'RUNNING', ?12, ?13, ?14, ?15, '', 0, 0, 0, 0, "
      "'[]', 0, 0, ?16)",
      {parent->text(0), parent->text(1), arn, label, parent->text(2), execution_uid, command, machine, machine_name,
       parent->text(5), json::print(plan), base::to_ms(now), plan.at("max_concurrency").to_number<int64_t>(), count,
       percentage, plan.at("express").as_bool() ? 1 : 0});
}

void redrive_map_run(store::transaction& t, const std::string& arn, const std::string& command, base::time_point now) {
  t.run(
      "UPDATE states_map_run SET phase = 'redriving', status = 'RUNNING', stopped_ms = NULL, error = NULL, cause = "
      "NULL, command = ?2, files = '[]', results_written = 0, redrives = redrives + 1, redriven_ms = ?3 WHERE arn = ?1",
      {arn, command, base::to_ms(now)});
}

namespace {

constexpr std::string_view not_yet_redriven =
    "map_run = ?1 AND status IN ('FAILED', 'TIMED_OUT', 'ABORTED') AND started_ms <= ?2 AND (redriven_ms IS NULL OR "
    "redriven_ms < ?2) AND redrives < ?3";

}  // namespace

std::vector<unsuccessful_child> to_be_redriven(store::reader& r, const map_run_row& m, int64_t limit) {
  std::vector<unsuccessful_child> out;
  if (!m.redriven) return out;
  for (const auto& row : r.query(fmt::format("SELECT uid, last, items FROM states_execution WHERE {} ORDER BY id LIMIT "
                                             "?4",
                                             not_yet_redriven),
                                 {m.arn, base::to_ms(*m.redriven), redrives_max, limit}))
    out.push_back({row.text(0), row.integer(1), row.integer(2)});
  return out;
}

tally::pair pending_redrive(store::reader& r, const map_run_row& m) {
  if (m.phase != "redriving") return {};
  auto row =
      r.first(fmt::format("SELECT COUNT(*), CAST(COALESCE(SUM(items), 0) AS BIGINT) FROM states_execution WHERE {}",
                          not_yet_redriven),
              {m.arn, base::to_ms(*m.redriven), redrives_max});
  return {row->integer(0), row->integer(1)};
}

std::optional<std::string> abort_map_run(store::transaction& t, const std::string& execution_uid,
                                         const std::string& command) {
  auto row = t.first("SELECT arn FROM states_map_run WHERE execution_uid = ?1 AND command = ?2 AND stopped_ms IS NULL",
                     {execution_uid, command});
  if (!row) return {};
  t.run("UPDATE states_map_run SET phase = 'aborting' WHERE arn = ?1", {row->text(0)});
  return row->text(0);
}

tally::pair tally::unsuccessful() const {
  return {failed.children + timed_out.children + aborted.children, failed.items + timed_out.items + aborted.items};
}

tally::pair tally::begun() const {
  auto bad = unsuccessful();
  return {running.children + succeeded.children + bad.children, running.items + succeeded.items + bad.items};
}

tally count_children(store::reader& r, const std::string& map_run) {
  tally out;
  for (const auto& row : r.query("SELECT status, COUNT(*), CAST(SUM(items) AS BIGINT) FROM states_execution WHERE "
                                 "map_run = ?1 GROUP BY status",
                                 {map_run})) {
    auto& into = row.text(0) == "RUNNING"     ? out.running
                 : row.text(0) == "SUCCEEDED" ? out.succeeded
                 : row.text(0) == "TIMED_OUT" ? out.timed_out
                 : row.text(0) == "ABORTED"   ? out.aborted
                                              : out.failed;
    into = {row.integer(1), row.integer(2)};
  }
  return out;
}

bool exceeds_tolerance(const map_run_row& m, int64_t items) {
  if (!m.tolerated_count && !m.tolerated_percentage) return items > 0;
  if (m.tolerated_count && items > *m.tolerated_count) return true;
  return m.tolerated_percentage &&
         static_cast<double>(items) * 100 > *m.tolerated_percentage * static_cast<double>(m.total);
}

}  // namespace mdlc::services::states
