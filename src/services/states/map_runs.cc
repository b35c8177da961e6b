#include "services/states/map_runs.h"

#include <stdexcept>

#include "base/log.h"
#include "services/states/item_reader.h"
#include "services/states/result_writer.h"
#include "services/states/service.h"
#include "sys/crash_point.h"

namespace mdlc::services::states {

struct child_input {
  int64_t items = 0;
  std::string text;
};

struct map_runs::run {
  explicit run(std::string a) : arn(std::move(a)) {}
  const std::string arn;

  std::mutex mutex;
  bool busy = false, again = false;
  int64_t open = 0;       // children that run
  int64_t bad_items = 0;  // items of those that did not succeed

  // All below: the worker's.
  json::value plan;
  programme_ptr programme;
  std::optional<asl::item_maker> maker;
  std::unique_ptr<byte_source> spool;
  int64_t position = 0, next_item = 0;  // behind what has been made into children's inputs
  struct made_item {
    std::string text;
    int64_t line_bytes;
  };
  std::optional<made_item> ahead;  // read, and too large for the batch before it
  bool told_to_stop = false;
};

namespace {

constexpr std::string_view exceeded_cause = "The specified tolerated failure threshold was exceeded";

uint64_t chance(sys::env& env) {
  uint64_t out;
  env.random_bytes(reinterpret_cast<char*>(&out), sizeof out);
  return out;
}

asl::state_index map_state(const json::value& plan) {
  return plan.at("scene").at("state").to_number<asl::state_index>();
}

const json::value* inside(const json::value& plan, std::string_view group, std::string_view name) {
  const auto* found = json::find(plan, group);
  return found ? json::find(*found, name) : nullptr;
}

}  // namespace

map_runs::map_runs(service& s) : service_(s) {
  auto opened = blob::store::open(s.host.data_folder / "map_runs", s.host.env);
  if (!opened) throw std::runtime_error(opened.error().message);
  spools_ = *std::move(opened);
}

map_runs::~map_runs() = default;

// --- Who wakes it

map_runs::run_ptr map_runs::take(const std::string& arn) {
  std::lock_guard lock{mutex_};
  auto found = runs_.find(arn);
  return found == runs_.end() ? nullptr : found->second;
}

void map_runs::begun(const std::string& arn) {
  auto r = std::make_shared<run>(arn);
  service_.host.db.read([&](store::reader& reader) {
    count(reader, *r);
    return 0;
  });
  {
    std::lock_guard lock{mutex_};
    runs_.insert_or_assign(arn, r);
  }
  wake(r);
}

void map_runs::resume() {
  auto [open, spools] = service_.host.db.read([](store::reader& r) {
    return std::pair{open_map_runs(r), spools_in_use(r)};
  });
  for (const auto& arn : open) begun(arn);
  spools_->sweep([&spools = spools](const std::string& name) { return spools.contains(name); });
}

// What there is of children already, of one that is resumed or redriven.
void map_runs::count(store::reader& reader, run& r) {
  auto children = count_children(reader, r.arn);
  r.open = children.running.children;
  r.bad_items = children.unsuccessful().items - pending_redrive(reader, *find_map_run(reader, r.arn)).items;
}

void map_runs::poke(const std::string& arn) {
  if (auto r = take(arn)) wake(r);
}

void map_runs::ask(const std::string& arn) {
  auto row = service_.host.db.read([&](store::reader& r) { return find_map_run(r, arn); });
  if (row && row->phase == "ended") answer(*row);
}

void map_runs::child_ended(const std::string& arn, bool succeeded, int64_t items) {
  auto r = take(arn);
  if (!r) return;
  {
    std::lock_guard lock{r->mutex};
    --r->open;
    if (!succeeded) r->bad_items += items;
  }
  wake(r);
}

void map_runs::wake(const run_ptr& r) {
  {
    std::lock_guard lock{r->mutex};
    r->again = true;
    if (r->busy) return;
    r->busy = true;
  }
  service_.host.pool.post([this, r] { work(r); });
}

// One step, then to the back of the pool's queue.
void map_runs::work(const run_ptr& r) {
  if (stopping_) return;
  {
    std::lock_guard lock{r->mutex};
    r->again = false;
  }
  bool more = step(*r);
  {
    std::lock_guard lock{r->mutex};
    if (!more && !r->again) {
      r->busy = false;
      return;
    }
  }
  service_.host.pool.post([this, r] { work(r); });
}

// --- What it does

bool map_runs::step(run& r) {
  auto row = service_.host.db.read([&](store::reader& reader) -> std::optional<map_run_row> {
    auto found = find_map_run(reader, r.arn);
    if (found && !r.programme) {
      r.plan = plan_of(reader, r.arn);
      auto loaded = service_.load(reader, found->machine, found->revision);
      if (!loaded) return {};
      r.programme = *loaded;
      auto parent = find_execution(reader, found->execution);
      asl::execution_info info{.uid = parent->uid,
                               .id = parent->arn,
                               .name = parent->name,
                               .role_arn = r.programme->role,
                               .region = found->scope.region,
                               .machine_id = parent->machine_arn(),
                               .machine_name = parent->machine_name,
                               .start = parent->started};
      r.maker.emplace(r.programme->program, r.plan, info, asl::document::from_text(parent->input));
    }
    return found;
  });
  if (!row) {
    base::log::error("map run {} cannot go on: its machine's definition is not read", r.arn);
    return false;
  }
  if (row->phase == "ended") {
    {
      // It may have been redriven meanwhile, and another stand in its place.
      std::lock_guard lock{mutex_};
      auto found = runs_.find(r.arn);
      if (found != runs_.end() && found->second.get() == &r) runs_.erase(found);
    }
    answer(*row);
    return false;
  }
  if (row->phase == "reading") return read(r, *row), true;
  if (row->phase == "redriving") return redrive(r, *row);
  if (row->phase == "running") return go_on(r, *row);
  if (row->phase == "writing") return write(r, *row), true;
  if (!stop_children(r, *row)) return false;
  if (row->phase == "aborting")
    end(r, *row, "ABORTED", {}, {});
  else
    service_.host.db.write([&](store::transaction& t) {
      t.run("UPDATE states_map_run SET phase = 'writing' WHERE arn = ?1 AND phase = 'stopping'", {r.arn});
    });
  return true;
}

api::answer<json::value> map_runs::call(const run& r, const map_run_row& row, std::string_view operation,
                                        const json::value& input, std::optional<blob::slice>* body) {
  api::call c{service_.host.db, context_of(r, row)};
  auto answer = service_.host.operations.invoke("s3", operation, c, input);
  if (body) *body = c.reply.body;
  return answer;
}

api::context map_runs::context_of(const run& r, const map_run_row& row) const {
  return {.scope = row.scope,
          .principal = principal_of(r.programme->role, row.label),
          .source = api::source::workflow,
          .request_id = service_.host.env.uuid(),
          .command_id = "map_run/" + row.arn,
          .trace_header = {},
          .deadline = {}};
}

// Items to the spool. A restart in between begins again: nothing has come of it yet.
void map_runs::read(run& r, const map_run_row& row) {
  int64_t total = 0;
  auto made = [&]() -> base::result<blob::ref> {
    MDLC_TRY(auto spool, spools_->stage());
    auto sink = [&](const json::value& item) -> base::result<bool> {
      ++total;
      MDLC_CHECK(spool->write(json::print(item) + "\n"));
      return !stopping_;
    };
    if (const auto* items = json::find(r.plan, "items")) {
      for (const auto& item : items->as_array()) MDLC_CHECK(sink(item));
    } else {
      call_as s3 = [&](std::string_view operation, const json::value& input, std::optional<blob::slice>* body) {
        return call(r, row, operation, input, body);
      };
      MDLC_CHECK(read_items(r.plan.at("reader"), s3, sink));
    }
    return spool->finish();
  }();
  if (stopping_) return;
  if (!made) return end(r, row, "FAILED", {}, {"States.ItemReaderFailed", made.error().message});
  sys::crash_point("map_run.before_items");
  service_.host.db.write([&](store::transaction& t) {
    t.run(
        "UPDATE states_map_run SET phase = 'running', spool = ?2, spool_bytes = ?3, total = ?4 WHERE arn = ?1 AND "
        "phase = 'reading'",
        {r.arn, made->name, made->size, total});
  });
}

void map_runs::open_spool(run& r, const map_run_row& row) {
  if (r.spool) return;
  r.position = row.position;
  r.next_item = row.next_item;
  auto slice = spools_->open_slice({row.spool, row.spool_bytes}, row.position, row.spool_bytes - row.position);
  if (!slice) base::log::stop_process(fmt::format("the items of {} are gone: {}", r.arn, slice.error().message));
  r.spool = open_source(*slice);
}

bool map_runs::go_on(run& r, const map_run_row& row) {
  open_spool(r, row);
  int64_t open, bad;
  {
    std::lock_guard lock{r.mutex};
    open = r.open;
    bad = r.bad_items;
  }
  if (exceeds_tolerance(row, bad)) {
    fail(r, {"States.ExceedToleratedFailureThreshold", std::string{exceeded_cause}});
    return true;
  }
  if (r.next_item >= row.total) {
    if (open > 0) return false;
    service_.host.db.write([&](store::transaction& t) {
      t.run("UPDATE states_map_run SET phase = 'writing' WHERE arn = ?1 AND phase = 'running'", {r.arn});
    });
    return true;
  }
  auto at_most = row.max_concurrency > 0 ? std::min(row.max_concurrency, children_at_once_max) : children_at_once_max;
  if (open >= at_most) return false;
  begin_children(r, row, std::min(at_most - open, children_begun_at_once_max));
  return true;
}

// Opens again what did not succeed, in the same window as what is begun. Express children too go on from where they
// failed.
bool map_runs::redrive(run& r, const map_run_row& row) {
  int64_t open;
  {
    std::lock_guard lock{r.mutex};
    open = r.open;
  }
  auto at_most = row.max_concurrency > 0 ? std::min(row.max_concurrency, children_at_once_max) : children_at_once_max;
  if (open >= at_most) return false;
  auto found = service_.host.db.read([&](store::reader& reader) {
    return to_be_redriven(reader, row, std::min(at_most - open, children_begun_at_once_max));
  });
  {
    std::lock_guard lock{r.mutex};
    r.open += std::ssize(found);
  }
  bool is_done = service_.host.db.write([&](store::transaction& t) {
    auto current = t.first("SELECT phase FROM states_map_run WHERE arn = ?1", {r.arn});
    if (current->text(0) != "redriving") return false;
    if (found.empty()) {
      // One whose items were never read has them read now.
      t.run("UPDATE states_map_run SET phase = ?2 WHERE arn = ?1", {r.arn, row.spool.empty() ? "reading" : "running"});
    }
    for (const auto& child : found) {
      auto told = service_.executions.reopen(t, child.uid, child.last, "redrive", json::object());
      if (!told) base::log::stop_process("a child cannot be redriven: " + told.error().reason);
    }
    return true;
  });
  if (!is_done) {
    std::lock_guard lock{r.mutex};
    r.open -= std::ssize(found);
  }
  return true;
}

// The next child's input: an item, or a batch of them. false: there is none left.
base::result<bool, asl::failure> map_runs::next_child(run& r, child_input& out) {
  const size_t payload_max = asl::limits{}.payload_bytes;
  auto& env = service_.host.env;
  auto next_item = [&]() -> base::result<std::optional<run::made_item>, asl::failure> {
    if (r.ahead) return std::exchange(r.ahead, {});
    std::string line;
    auto one = read_line(*r.spool, line);
    if (!one) base::log::stop_process(fmt::format("the items of {} cannot be read: {}", r.arn, one.error().message));
    if (!*one) return std::nullopt;
    auto bytes = static_cast<int64_t>(line.size()) + 1;
    MDLC_TRY(auto made, r.maker->make(r.next_item, asl::document::from_text(std::move(line)), env.now(), chance(env)));
    return run::made_item{made.text(), bytes};
  };
  auto take = [&](const run::made_item& item) {
    r.position += item.line_bytes;
    ++r.next_item;
    ++out.items;
  };
  auto too_large = [&] {
    return tl::unexpected(asl::failure{"States.DataLimitExceeded",
                                       fmt::format("The input of item {} exceeds the maximum number of bytes service "
                                                   "limit.",
                                                   r.next_item)});
  };
  out = {};
  if (!json::find(r.plan, "batch")) {
    MDLC_TRY(auto item, next_item());
    if (!item) return false;
    if (item->text.size() > payload_max) return too_large();
    take(*item);
    out.text = std::move(item->text);
    return true;
  }
  const auto* most = inside(r.plan, "batch", "items");
  const auto* bytes = inside(r.plan, "batch", "bytes");
  const auto* input = inside(r.plan, "batch", "input");
  const int64_t items_max = most ? most->to_number<int64_t>() : INT64_MAX;
  const size_t bytes_max = std::min(payload_max, bytes ? bytes->to_number<size_t>() : payload_max);
  out.text = "{";
  if (input) out.text += "\"BatchInput\":" + json::print(*input) + ",";
  out.text += "\"Items\":[";
  while (out.items < items_max) {
    MDLC_TRY(auto item, next_item());
    if (!item) break;
    if (out.text.size() + (out.items > 0) + item->text.size() + std::string_view{"]}"}.size() > bytes_max) {
      if (out.items == 0) return too_large();
      r.ahead = std::move(item);
      break;
    }
    if (out.items > 0) out.text += ',';
    out.text += item->text;
    take(*item);
  }
  out.text += "]}";
  return out.items > 0;
}

void map_runs::begin_children(run& r, const map_run_row& row, int64_t room) {
  std::vector<child_input> made;
  std::optional<asl::failure> why;
  while (std::ssize(made) < room) {
    child_input one;
    auto more = next_child(r, one);
    if (!more) why = more.error();
    if (!more || !*more) break;
    made.push_back(std::move(one));
  }
  auto& host = service_.host;
  auto now = host.env.now();
  {
    std::lock_guard lock{r.mutex};
    r.open += std::ssize(made);
  }
  sys::crash_point("map_run.before_begin");
  bool is_begun = host.db.write([&](store::transaction& t) {
    auto current = t.first("SELECT phase FROM states_map_run WHERE arn = ?1", {r.arn});
    if (current->text(0) != "running") return false;
    t.run("UPDATE states_map_run SET position = ?2, next_item = ?3 WHERE arn = ?1", {r.arn, r.position, r.next_item});
    for (auto& one : made) begin_child(t, r, row, std::move(one), now);
    return true;
  });
  sys::crash_point("map_run.after_begin");
  if (!is_begun) {
    std::lock_guard lock{r.mutex};
    r.open -= std::ssize(made);
  }
  if (why) fail(r, *why);
}

void map_runs::begin_child(store::transaction& t, const run& r, const map_run_row& row, child_input input,
                           base::time_point now) {
  auto& env = service_.host.env;
  auto uid = env.uuid(), name = env.uuid();
  auto machine = row.machine_name + "/" + row.label;
  auto arn = row.express ? express_arn_of(row.scope, machine, name, uid) : execution_arn_of(row.scope, machine, name);
  insert_execution(t, {.scope = row.scope,
                       .machine_name = machine,
                       .name = name,
                       .uid = uid,
                       .arn = arn,
                       .machine = row.machine + "/" + row.label,
                       .revision = row.revision,
                       .version_arn = {},
                       .alias_arn = {},
                       .trace = {},
                       .input = input.text,
                       .started = now,
                       .status = "RUNNING",
                       .stopped = {},
                       .output = {},
                       .error = {},
                       .cause = {},
                       .map_run = row.arn,
                       .items = input.items,
                       .redriven = {},
                       .redrive_token = {}});
  asl::execution_info info{.uid = uid,
                           .id = arn,
                           .name = name,
                           .role_arn = r.programme->role,
                           .region = row.scope.region,
                           .machine_id = row.machine_arn(),
                           .machine_name = machine,
                           .start = now};
  auto map = map_state(r.plan);
  const auto* mocks = json::find(r.plan, "mocks");
  service_.executions.begin(t, uid,
                            std::make_unique<execution_procedure>(
                                service_.integrations, r.programme, std::move(info), std::move(input.text),
                                child_of{row.arn, input.items, asl::item_processor(*r.programme->program, map)},
                                mocks ? mocks->as_object() : json::object{}),
                            {});
}

// --- How it ends

void map_runs::fail(run& r, const asl::failure& why) {
  service_.host.db.write([&](store::transaction& t) {
    t.run("UPDATE states_map_run SET phase = 'stopping', error = ?2, cause = ?3 WHERE arn = ?1 AND phase = 'running'",
          {r.arn, why.error, why.cause});
  });
}

// Whether none runs any more.
bool map_runs::stop_children(run& r, const map_run_row& row) {
  if (!r.told_to_stop) {
    auto uids = service_.host.db.read([&](store::reader& reader) {
      std::vector<std::string> out;
      for (const auto& x :
           reader.query("SELECT uid FROM states_execution WHERE map_run = ?1 AND status = 'RUNNING'", {row.arn}))
        out.push_back(x.text(0));
      return out;
    });
    for (const auto& uid : uids) service_.executions.tell(uid, "stop", json::object());
    r.told_to_stop = true;
  }
  std::lock_guard lock{r.mutex};
  return r.open == 0;
}

void map_runs::write(run& r, const map_run_row& row) {
  const auto* writer = json::find(r.plan, "writer");
  std::string_view status = row.error ? "FAILED" : "SUCCEEDED";
  asl::failure why{row.error, row.cause};
  base::result<std::string, asl::failure> made = std::string{};
  if (writer && json::find(*writer, "action")) {
    open_spool(r, row);
    if (r.position != row.position) {  // some inputs were made and not begun
      r.spool.reset();
      r.ahead.reset();
      open_spool(r, row);
    }
    pending_inputs pending = [&](std::string& input) -> base::result<bool> {
      child_input one;
      auto more = next_child(r, one);
      if (!more) return base::fail(more.error().cause.value_or(""));
      input = std::move(one.text);
      return *more;
    };
    put_object put = [&](const std::string& bucket, const std::string& key, const blob::ref& blob,
                         const std::function<void(store::transaction&)>& record) -> api::answer<void> {
      api::call c{service_.host.db, context_of(r, row),
                  [&](store::transaction& t, const api::answer<json::value>& answer) {
                    if (answer) record(t);
                  }};
      c.body = blob;
      sys::crash_point("map_run.before_result");
      auto answer = service_.host.operations.invoke(
          "s3", "putObject", c, json::object{{"Bucket", bucket}, {"Key", key}, {"ContentType", "application/json"}});
      if (!answer) return tl::unexpected(answer.error());
      return {};
    };
    made = export_results(service_.host, row, *writer, put, pending);
  } else if (!row.error) {
    made = collect_results(service_.host, row, writer, r.programme->program->state_name(map_state(r.plan)));
  }
  if (!made) {
    status = "FAILED";
    why = made.error();
  }
  sys::crash_point("map_run.before_end");
  if (status == "SUCCEEDED")
    end(r, row, status, *made, {});
  else
    end(r, row, status, {}, why);
}

void map_runs::end(run& r, const map_run_row& row, std::string_view status, const std::optional<std::string>& output,
                   const asl::failure& why) {
  auto now = service_.host.env.now();
  bool is_ended = service_.host.db.write([&](store::transaction& t) {
    // Between the look at the row and now it may have been aborted; that is the next step's.
    return t.run(
               "UPDATE states_map_run SET phase = 'ended', status = ?2, stopped_ms = ?3, output = ?4, error = ?5, "
               "cause = ?6, spool = CASE WHEN ?2 = 'SUCCEEDED' THEN '' ELSE spool END, results_written = ?7 WHERE arn "
               "= ?1 AND phase = ?8",
               {r.arn, status, base::to_ms(now), output, why.error, why.cause,
                status == "ABORTED" ? 0 : count_children(t, r.arn).begun().items, row.phase}) == 1;
  });
  if (!is_ended) return;
  r.spool.reset();
  // One that did not succeed may be redriven, and goes on in its spool.
  if (status == "SUCCEEDED") spools_->remove(row.spool);
}

void map_runs::answer(const map_run_row& row) {
  api::answer<json::value> told = api::refuse(row.error.value_or(""), row.cause.value_or(""));
  if (row.output) told = *json::parse(*row.output);
  service_.executions.answer(row.execution_uid, row.command, std::move(told));
}

}  // namespace mdlc::services::states
