#include "services/states/execution.h"

#include <charconv>

#include "asl/source.h"
#include "services/states/alias.h"
#include "services/states/service.h"

namespace mdlc::services::states {
namespace {

constexpr std::string_view columns =
    "account, region, machine_name, name, uid, arn, machine, revision, version_arn, alias_arn, trace, input, "
    "started_ms, status, stopped_ms, output, error, cause, last, id, map_run, items, redrives, redriven_ms, "
    "redrive_token";

execution_row read(const store::row& r) {
  execution_row x{.scope = {r.text(0), r.text(1)},
                  .machine_name = r.text(2),
                  .name = r.text(3),
                  .uid = r.text(4),
                  .arn = r.text(5),
                  .machine = r.text(6),
                  .revision = r.text(7),
                  .version_arn = r.text_if(8),
                  .alias_arn = r.text_if(9),
                  .trace = r.text_if(10),
                  .input = r.text(11),
                  .started = base::from_ms(r.integer(12)),
                  .status = r.text(13),
                  .stopped = {},
                  .output = r.text_if(15),
                  .error = r.text_if(16),
                  .cause = r.text_if(17),
                  .map_run = {},
                  .items = {},
                  .redriven = {},
                  .redrive_token = {}};
  if (auto ms = r.integer_if(14)) x.stopped = base::from_ms(*ms);
  x.last = r.integer(18);
  x.id = r.integer(19);
  x.map_run = r.text_if(20);
  x.items = r.integer_if(21);
  x.redrives = r.integer(22);
  if (auto ms = r.integer_if(23)) x.redriven = base::from_ms(*ms);
  x.redrive_token = r.text_if(24);
  return x;
}

}  // namespace

std::optional<std::string> why_not_redriven(const execution_row& x, base::time_point now) {
  if (x.status != "FAILED" && x.status != "ABORTED" && x.status != "TIMED_OUT")
    return fmt::format("Execution is {} and cannot be redriven", x.status);
  if (x.redrives >= redrives_max) return "Execution has reached the maximum number of redrives";
  if (x.stopped && now - *x.stopped > redrivable_for) return "Execution has passed its redrivable period";
  return {};
}

std::string execution_row::machine_arn() const { return machine_arn_of(scope, machine_name); }

std::optional<execution_row> find_execution(store::reader& r, const std::string& arn) {
  auto row = r.first(fmt::format("SELECT {} FROM states_execution WHERE arn = ?1", columns), {arn});
  if (!row) return {};
  return read(*row);
}

api::answer<execution_row> need_execution(store::reader& r, const std::string& arn) {
  MDLC_TRY(auto parts, parse_execution_arn(arn));
  // Express executions are not kept on AWS; they are in the log.
  if (parts.is_express)
    return api::refuse("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'");
  auto x = find_execution(r, arn);
  if (!x) return no_such_execution(arn);
  return *x;
}

void insert_execution(store::transaction& t, const execution_row& x) {
  t.run(
      "INSERT INTO states_execution (account, region, machine_name, name, uid, arn, machine, revision, version_arn, "
      "alias_arn, trace, input, started_ms, status, map_run, items, last) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 0)",
      {x.scope.account, x.scope.region, x.machine_name, x.name, x.uid, x.arn, x.machine, x.revision, x.version_arn,
       x.alias_arn, x.trace, x.input, base::to_ms(x.started), x.status, x.map_run, x.items});
}

std::vector<execution_row> query_executions(store::reader& r, const std::string& machine_uid, int64_t before,
                                            std::string_view status, const std::string& version_arn,
                                            const std::string& alias_arn, int64_t limit) {
  std::vector<execution_row> out;
  auto rows =
      r.query(fmt::format("SELECT {} FROM states_execution WHERE machine = ?1 AND id < ?2 AND (?3 = '' OR status = ?3) "
                          "AND (?4 = '' OR version_arn = ?4) AND (?5 = '' OR alias_arn = ?5) ORDER BY id DESC LIMIT ?6",
                          columns),
              {machine_uid, before, status, version_arn, alias_arn, limit});
  for (const auto& row : rows) out.push_back(read(row));
  return out;
}

std::vector<execution_row> query_children(store::reader& r, const std::string& map_run, int64_t before,
                                          std::string_view status, std::string_view redrives, int64_t limit) {
  std::vector<execution_row> out;
  auto rows =
      r.query(fmt::format("SELECT {} FROM states_execution WHERE map_run = ?1 AND id < ?2 AND (?3 = '' OR "
                          "status = ?3) AND (?4 = '' OR (?4 = 'REDRIVEN') = (redrives > 0)) ORDER BY id DESC LIMIT ?5",
                          columns),
              {map_run, before, status, redrives, limit});
  for (const auto& row : rows) out.push_back(read(row));
  return out;
}

void each_child(store::reader& r, const std::string& map_run, std::string_view condition, int64_t after,
                const std::function<bool(const execution_row&)>& visit) {
  r.each(fmt::format("SELECT {} FROM states_execution WHERE map_run = ?1 AND id > ?2 AND {} ORDER BY id", columns,
                     condition),
         {map_run, after}, [&](const store::row& row) { return visit(read(row)); });
}

api::answer<runnable> resolve(store::reader& r, service& s, const machine_arn& arn) {
  auto m = find_machine(r, arn.scope, arn.name);
  if (!m) return no_such_machine(arn.str());
  runnable out{.machine = *m, .revision = m->revision, .version = {}, .version_arn = {}, .alias_arn = {}};
  auto qualifier = arn.qualifier;
  if (arn.is_alias()) {
    auto alias = find_alias(r, m->uid, qualifier);
    if (!alias) return no_such_machine(arn.str());
    out.alias_arn = arn.str();
    unsigned char chance;
    s.host.env.random_bytes(reinterpret_cast<char*>(&chance), 1);
    qualifier = std::to_string(alias->pick(chance * 100 / 256));
  }
  if (qualifier.empty()) return out;
  int64_t number = 0;
  std::from_chars(qualifier.data(), qualifier.data() + qualifier.size(), number);
  out.version = find_version(r, m->uid, number);
  if (!out.version) return no_such_machine(arn.str());
  out.revision = out.version->revision;
  out.version_arn = fmt::format("{}:{}", arn.unqualified(), number);
  return out;
}

api::answer<void> check_input(const std::string& input) {
  auto refuse = [](std::string_view why) {
    return api::refuse("InvalidExecutionInput", fmt::format("Invalid State Machine Execution Input: '{}'", why));
  };
  if (input.find_first_not_of(" \t\r\n") == std::string::npos) return refuse("Invalid execution input.");
  if (input.size() > input_bytes_max) return refuse("The input size exceeds the maximum number of bytes.");
  if (json::parse(input)) return {};
  auto why = asl::find_fault(input).message;
  return refuse(std::string_view{why}.substr(0, why.find("\n at ")));
}

api::answer<void> start(service& s, store::transaction& t, const start_request& q) {
  const auto& m = q.run.machine;
  auto programme = s.load(t, m.uid, q.run.revision);
  if (!programme) return tl::unexpected(api::internal_error(programme.error().message));
  insert_execution(t, {.scope = m.scope,
                       .machine_name = m.name,
                       .name = q.name,
                       .uid = q.uid,
                       .arn = q.arn,
                       .machine = m.uid,
                       .revision = q.run.revision,
                       .version_arn = q.run.version_arn,
                       .alias_arn = q.run.alias_arn,
                       .trace = q.trace,
                       .input = q.input,
                       .started = q.now,
                       .status = "RUNNING",
                       .stopped = {},
                       .output = {},
                       .error = {},
                       .cause = {},
                       .map_run = {},
                       .items = {},
                       .redriven = {},
                       .redrive_token = {}});
  asl::execution_info info{.uid = q.uid,
                           .id = q.arn,
                           .name = q.name,
                           .role_arn = (*programme)->role,
                           .region = m.scope.region,
                           .machine_id = machine_arn_of(m.scope, m.name),
                           .machine_name = m.name,
                           .start = q.now};
  s.executions.begin(
      t, q.uid,
      std::make_unique<execution_procedure>(s.integrations, *programme, std::move(info), q.input, child_of{}, q.mocks),
      {});
  return {};
}

}  // namespace mdlc::services::states
