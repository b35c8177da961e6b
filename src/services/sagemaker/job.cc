#include "services/sagemaker/job.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr std::string_view kind_names[] = {"training", "transform", "processing"};
constexpr std::string_view kind_titles[] = {"Training", "Transform", "Processing"};
constexpr std::string_view phase_names[] = {"queued", "staging", "running", "publishing", "ended"};

template <class E, size_t N>
E parse(const std::string_view (&names)[N], std::string_view name) {
  for (size_t i = 0; i < N; ++i)
    if (names[i] == name) return static_cast<E>(i);
  throw store::failure(fmt::format("a job's row says '{}'", name));
}

json::object write(const progress& p) {
  json::array transitions;
  for (const auto& t : p.transitions) {
    json::object one{{"status", t.status}, {"start_ms", t.start_ms}, {"message", t.message}};
    if (t.end_ms) one["end_ms"] = *t.end_ms;
    transitions.push_back(std::move(one));
  }
  json::object out{{"transitions", std::move(transitions)},
                   {"failure_reason", p.failure_reason},
                   {"stop_asked", p.stop_asked},
                   {"over_runtime", p.over_runtime},
                   {"log_stream", p.log_stream},
                   {"log_offset", p.log_offset},
                   {"metrics", p.metrics},
                   {"objective", p.objective},
                   {"artifact", p.artifact},
                   {"output_published", p.output_published},
                   {"exit_message", p.exit_message},
                   {"boot_id", p.boot_id},
                   {"container", p.container},
                   {"spawned_ns", p.spawned_ns},
                   {"exited_ns", p.exited_ns}};
  if (!p.more_log_offsets.empty())
    out["more_log_offsets"] = json::array(p.more_log_offsets.begin(), p.more_log_offsets.end());
  if (p.started_ms) out["started_ms"] = *p.started_ms;
  if (p.ended_ms) out["ended_ms"] = *p.ended_ms;
  return out;
}

std::optional<int64_t> number(const json::value& v, std::string_view name) {
  const auto* found = json::find(v, name);
  if (!found || !found->is_int64()) return std::nullopt;
  return found->get_int64();
}

bool flag(const json::value& v, std::string_view name) {
  const auto* found = json::find(v, name);
  return found && found->is_bool() && found->get_bool();
}

json::value parse_column(const std::string& text) {
  auto parsed = json::parse(text);
  if (!parsed || !parsed->is_object()) throw store::failure("a job's row is not readable");
  return *std::move(parsed);
}

progress read_progress(const json::value& v) {
  progress p;
  for (const auto& t : v.at("transitions").as_array())
    p.transitions.push_back({std::string{json::text(t, "status")}, number(t, "start_ms").value_or(0),
                             number(t, "end_ms"), std::string{json::text(t, "message")}});
  p.started_ms = number(v, "started_ms");
  p.ended_ms = number(v, "ended_ms");
  p.failure_reason = json::text(v, "failure_reason");
  p.stop_asked = flag(v, "stop_asked");
  p.over_runtime = flag(v, "over_runtime");
  p.log_stream = json::text(v, "log_stream");
  p.log_offset = number(v, "log_offset").value_or(0);
  if (const auto* offsets = json::find(v, "more_log_offsets"); offsets && offsets->is_array())
    for (const auto& one : offsets->get_array()) p.more_log_offsets.push_back(one.is_int64() ? one.get_int64() : 0);
  if (const auto* values = json::find(v, "objective"); values && values->is_array()) p.objective = values->get_array();
  if (const auto* metrics = json::find(v, "metrics"); metrics && metrics->is_array()) p.metrics = metrics->get_array();
  p.artifact = json::text(v, "artifact");
  p.output_published = flag(v, "output_published");
  p.exit_message = json::text(v, "exit_message");
  p.boot_id = json::text(v, "boot_id");
  if (const auto* container = json::find(v, "container"); container && container->is_object())
    p.container = container->get_object();
  p.spawned_ns = number(v, "spawned_ns").value_or(0);
  p.exited_ns = number(v, "exited_ns").value_or(0);
  return p;
}

}  // namespace

std::string_view name_of(kind k) { return kind_names[static_cast<size_t>(k)]; }
std::string_view title_of(kind k) { return kind_titles[static_cast<size_t>(k)]; }
std::string_view name_of(phase p) { return phase_names[static_cast<size_t>(p)]; }

std::string job_key::arn() const {
  std::string lower = name;
  for (auto& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return scope.arn("sagemaker", fmt::format("{}-job/{}", name_of(what), lower));
}

void job::enter(std::string next, std::string message, int64_t now_ms) {
  auto& all = progress.transitions;
  modified_ms = now_ms;
  if (!all.empty() && all.back().status == next) {
    all.back().message = std::move(message);
    return;
  }
  if (!all.empty()) all.back().end_ms = now_ms;
  all.push_back({std::move(next), now_ms, std::nullopt, std::move(message)});
}

void job::end(std::string final_status, std::string final_secondary, std::string message, int64_t now_ms) {
  enter(std::move(final_secondary), std::move(message), now_ms);
  progress.transitions.back().end_ms = now_ms;
  progress.ended_ms = now_ms;
  status = std::move(final_status);
  at = phase::ended;
}

job read_job(const store::row& r) {
  job j;
  j.key = {{r.text(0), r.text(1)}, parse<kind>(kind_names, r.text(2)), r.text(3)};
  j.id = r.text(4);
  j.status = r.text(5);
  j.at = parse<phase>(phase_names, r.text(6));
  j.created_ms = r.integer(7);
  j.modified_ms = r.integer(8);
  j.command_id = r.text(9);
  j.request = std::move(parse_column(r.text(10)).as_object());
  j.progress = read_progress(parse_column(r.text(11)));
  return j;
}

std::optional<job> find_job(store::reader& r, const job_key& key) {
  static const auto sql = fmt::format(
      "SELECT {} FROM sagemaker_job WHERE account = ?1 AND region = ?2 AND kind = ?3 AND name = ?4", job_columns);
  auto found = r.first(sql, {key.scope.account, key.scope.region, name_of(key.what), key.name});
  if (!found) return std::nullopt;
  return read_job(*found);
}

std::vector<job> open_jobs(store::reader& r) {
  static const auto sql =
      fmt::format("SELECT {} FROM sagemaker_job WHERE phase <> 'ended' ORDER BY created_ms, name", job_columns);
  std::vector<job> jobs;
  r.each(sql, {}, [&](const store::row& found) {
    jobs.push_back(read_job(found));
    return true;
  });
  return jobs;
}

void insert(store::transaction& t, const job& j) {
  t.run(
      "INSERT INTO sagemaker_job (account, region, kind, name, id, status, phase, created_ms, modified_ms, command_id, "
      "request, progress) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
      {j.key.scope.account, j.key.scope.region, name_of(j.key.what), j.key.name, j.id, j.status, name_of(j.at),
       j.created_ms, j.modified_ms, j.command_id, json::print(j.request), json::print(write(j.progress))});
}

void update(store::transaction& t, const job& j) {
  t.run(
      "UPDATE sagemaker_job SET status = ?5, phase = ?6, modified_ms = ?7, progress = ?8 "
      "WHERE account = ?1 AND region = ?2 AND kind = ?3 AND name = ?4",
      {j.key.scope.account, j.key.scope.region, name_of(j.key.what), j.key.name, j.status, name_of(j.at), j.modified_ms,
       json::print(write(j.progress))});
}

}  // namespace mdlc::services::sagemaker
