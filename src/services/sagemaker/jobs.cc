#include "services/sagemaker/jobs.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr size_t job_id_length = 20;

}  // namespace

job new_job(service& s, const api::context& c, kind what, std::string name, json::object request) {
  job j;
  j.key = {c.scope, what, std::move(name)};
  j.id = s.host.env.random_id(job_id_length);
  j.status = "InProgress";
  j.created_ms = base::to_ms(s.host.env.now());
  j.command_id = c.command_id;
  j.request = std::move(request);
  if (s.jobs.is_full())
    j.enter("Pending", "Waiting for other jobs to end", j.created_ms);
  else
    j.enter("Starting", "Preparing the instances for the job", j.created_ms);
  return j;
}

api::answer<void> add_job(service& s, store::transaction& t, const job& j,
                          const std::optional<std::vector<model::Tag>>& tags) {
  if (find_job(t, j.key)) return job_exists(j.key);
  insert(t, j);
  if (tags) put_tags(t, j.key.arn(), *tags);
  t.after_commit([&s, j] {
    s.host.bus.publish(change_of(j));
    s.jobs.submit(j.key);
  });
  return {};
}

api::answer<job> need_job(store::reader& r, const job_key& key) {
  auto found = find_job(r, key);
  if (!found) return no_such_job(key);
  return *std::move(found);
}

std::vector<job> list_jobs(store::reader& r, const base::scope& scope, kind what, const page& p,
                           std::optional<std::string>& next_token) {
  std::vector<listed> all;
  r.each(
      "SELECT name, status, created_ms, modified_ms FROM sagemaker_job WHERE account = ?1 AND region = ?2 AND kind = "
      "?3",
      {scope.account, scope.region, name_of(what)}, [&](const store::row& row) {
        all.push_back({row.text(0), row.text(1), row.integer(2), row.integer(3)});
        return true;
      });
  std::vector<job> jobs;
  for (const auto& l : cut(std::move(all), p, next_token))
    if (auto found = find_job(r, {scope, what, l.name})) jobs.push_back(*std::move(found));
  return jobs;
}

api::answer<void> ask_to_stop(service& s, store::transaction& t, const job_key& key) {
  MDLC_TRY(auto j, need_job(t, key));
  if (j.at == phase::ended)
    return invalid(
        fmt::format("The request was rejected because the {} job is in status {}.", name_of(key.what), j.status));
  if (j.progress.stop_asked) return {};
  const auto now_ms = base::to_ms(s.host.env.now());
  j.progress.stop_asked = true;
  if (j.at == phase::queued) {
    j.end("Stopped", "Stopped", "The job was stopped before it began", now_ms);
  } else {
    j.status = "Stopping";
    j.enter("Stopping", fmt::format("Stopping the {} job", name_of(key.what)), now_ms);
  }
  update(t, j);
  t.after_commit([&s, j] {
    s.host.bus.publish(change_of(j));
    s.jobs.ask_to_stop(j.key);
  });
  return {};
}

}  // namespace mdlc::services::sagemaker
