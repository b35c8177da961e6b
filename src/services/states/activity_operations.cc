// Activities, and what workers say of their tasks.
#include "services/states/operations.h"
#include "services/states/page.h"
#include "services/states/service.h"
#include "services/states/tag.h"

namespace mdlc::services::states {
namespace {

std::optional<base::time_point> find_activity(store::reader& r, const machine_arn& arn) {
  auto row = r.first("SELECT created_ms FROM states_activity WHERE account = ?1 AND region = ?2 AND name = ?3",
                     {arn.scope.account, arn.scope.region, arn.name});
  if (!row) return {};
  return base::from_ms(row->integer(0));
}

}  // namespace

api::answer<model::CreateActivityOutput> create_activity(service& s, api::call& c,
                                                         const model::CreateActivityInput& in) {
  MDLC_CHECK(check_name(in.name));
  auto now = s.host.env.now();
  auto arn = activity_arn_of(c.context.scope, in.name);
  return c.commit([&](store::transaction& t) -> api::answer<model::CreateActivityOutput> {
    if (auto there = find_activity(t, {c.context.scope, in.name, ""})) return model::CreateActivityOutput{arn, *there};
    t.run("INSERT INTO states_activity (account, region, name, created_ms) VALUES (?1, ?2, ?3, ?4)",
          {c.context.scope.account, c.context.scope.region, in.name, base::to_ms(now)});
    if (in.tags) MDLC_CHECK(add_tags(t, arn, *in.tags));
    return model::CreateActivityOutput{arn, now};
  });
}

api::answer<model::DescribeActivityOutput> describe_activity(service&, api::call& c,
                                                             const model::DescribeActivityInput& in) {
  MDLC_TRY(auto arn, parse_activity_arn(in.activityArn));
  auto created = c.db().read([&](store::reader& r) { return find_activity(r, arn); });
  if (!created) return no_such_activity(in.activityArn);
  return model::DescribeActivityOutput{
      .activityArn = in.activityArn, .name = arn.name, .creationDate = *created, .encryptionConfiguration = {}};
}

api::answer<model::DeleteActivityOutput> delete_activity(service&, api::call& c, const model::DeleteActivityInput& in) {
  MDLC_TRY(auto arn, parse_activity_arn(in.activityArn));
  return c.commit([&](store::transaction& t) -> api::answer<model::DeleteActivityOutput> {
    t.run("DELETE FROM states_activity WHERE account = ?1 AND region = ?2 AND name = ?3",
          {arn.scope.account, arn.scope.region, arn.name});
    t.run("DELETE FROM states_tag WHERE arn = ?1", {in.activityArn});
    return model::DeleteActivityOutput{};
  });
}

api::answer<model::ListActivitiesOutput> list_activities(service&, api::call& c, const model::ListActivitiesInput& in) {
  MDLC_TRY(auto page, page_of(in.maxResults, in.nextToken));
  const auto& scope = c.context.scope;
  return c.db().read([&](store::reader& r) -> api::answer<model::ListActivitiesOutput> {
    model::ListActivitiesOutput out;
    for (const auto& row : r.query("SELECT name, created_ms FROM states_activity WHERE account = ?1 AND region = ?2 "
                                   "AND name > ?3 ORDER BY name LIMIT ?4",
                                   {scope.account, scope.region, page.after, page.rows + 1})) {
      if (std::ssize(out.activities) == page.rows) {
        out.nextToken = token_after(out.activities.back().name);
        break;
      }
      out.activities.push_back({activity_arn_of(scope, row.text(0)), row.text(0), base::from_ms(row.integer(1))});
    }
    return out;
  });
}

namespace {

using task_done = api::completion<model::GetActivityTaskOutput>;

// Takes the next task; that it was handed out is durable before the worker has it. A task that ended meanwhile is
// passed over.
void hand_out(service& s, const std::string& arn, const std::string& worker, task_done done) {
  s.activities.take(arn, [&s, arn, worker, done](std::optional<activity_task> t) {
    if (!t) return done(model::GetActivityTaskOutput{});
    json::object said{{"token", t->token}, {"worker", worker}};
    auto told = s.executions.tell(t->uid, "activity_started", std::move(said),
                                  [&s, arn, worker, done, t = *t](const api::answer<json::value>& reply) {
                                    if (reply) return done(model::GetActivityTaskOutput{t.token, t.input});
                                    s.host.pool.post([&s, arn, worker, done] { hand_out(s, arn, worker, done); });
                                  });
    if (!told) hand_out(s, arn, worker, done);
  });
}

}  // namespace

void get_activity_task(service& s, std::shared_ptr<api::call> c, model::GetActivityTaskInput in, task_done done) {
  auto known = [&]() -> api::answer<void> {
    MDLC_TRY(auto arn, parse_activity_arn(in.activityArn));
    if (!c->db().read([&](store::reader& r) { return find_activity(r, arn); })) return no_such_activity(in.activityArn);
    return {};
  }();
  if (!known) return done(tl::unexpected(known.error()));
  hand_out(s, in.activityArn, in.workerName.value_or(""), std::move(done));
}

// --- Tokens

namespace {

template <class Out>
api::answer<Out> tell_by_token(service& s, api::call& c, const std::string& token, std::string what,
                               json::object body) {
  auto parts = asl::parse_token(token);
  if (!parts) return api::refuse("InvalidToken", "Invalid Token: 'Invalid token'");
  body["token"] = token;
  return c.commit([&](store::transaction& t) -> api::answer<Out> {
    auto reply = s.executions.tell(t, parts->uid, std::move(what), std::move(body));
    if (!reply) return api::refuse("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
    if (!*reply) return tl::unexpected(reply->error());
    return Out{};
  });
}

}  // namespace

api::answer<model::SendTaskSuccessOutput> send_task_success(service& s, api::call& c,
                                                            const model::SendTaskSuccessInput& in) {
  if (!json::parse(in.output)) return api::refuse("InvalidOutput", "Invalid Output: 'Invalid task output'");
  return tell_by_token<model::SendTaskSuccessOutput>(s, c, in.taskToken, "task_success", {{"output", in.output}});
}

api::answer<model::SendTaskFailureOutput> send_task_failure(service& s, api::call& c,
                                                            const model::SendTaskFailureInput& in) {
  json::object body;
  if (in.error) body["error"] = *in.error;
  if (in.cause) body["cause"] = *in.cause;
  return tell_by_token<model::SendTaskFailureOutput>(s, c, in.taskToken, "task_failure", std::move(body));
}

api::answer<model::SendTaskHeartbeatOutput> send_task_heartbeat(service& s, api::call& c,
                                                                const model::SendTaskHeartbeatInput& in) {
  return tell_by_token<model::SendTaskHeartbeatOutput>(s, c, in.taskToken, "task_heartbeat", {});
}

}  // namespace mdlc::services::states
