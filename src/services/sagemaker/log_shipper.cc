#include "services/sagemaker/log_shipper.h"

#include "base/log.h"
#include "services/sagemaker/run.h"
#include "services/sagemaker/utf8.h"

namespace mdlc::services::sagemaker {
namespace {

// CloudWatch Logs' bounds of one PutLogEvents: bytes with 26 more for each event, and events.
constexpr size_t batch_bytes_max = 1'000'000;
constexpr size_t batch_events_max = 10'000;
constexpr size_t event_overhead = 26;
constexpr size_t event_bytes_max = 200'000;
constexpr size_t read_bytes = log_batch_bytes;

// How far the program's log is in CloudWatch Logs.
int64_t& offset_of(progress& p, size_t program) {
  if (program == 0) return p.log_offset;
  if (p.more_log_offsets.size() < program) p.more_log_offsets.resize(program);
  return p.more_log_offsets[program - 1];
}

std::string group_of(const job& j) { return fmt::format("/aws/sagemaker/{}Jobs", title_of(j.key.what)); }

}  // namespace

log_batch next_log_batch(std::string_view text, bool all, int64_t now_ms) {
  log_batch b;
  size_t bytes = 0;
  while (b.taken < text.size() && b.events.size() < batch_events_max) {
    const auto rest = text.substr(b.taken);
    const auto newline = rest.find('\n');
    size_t length = std::min(newline, rest.size());
    if (newline == std::string_view::npos && !all && length < event_bytes_max) break;  // still being written
    const bool is_cut = length > event_bytes_max;
    length = std::min(length, event_bytes_max);
    if (bytes + length + event_overhead > batch_bytes_max) break;
    auto line = rest.substr(0, length);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) {
      b.events.push_back(json::object{{"timestamp", now_ms}, {"message", as_utf8(line)}});
      bytes += line.size() + event_overhead;
    }
    b.taken += length + (is_cut || newline == std::string_view::npos ? 0 : 1);
  }
  return b;
}

bool log_shipper::make_stream(const std::string& name) {
  if (is_off_) return false;
  if (made_ == name) return true;
  is_off_ = !run_.s.host.operations.find("logs", "PutLogEvents");
  if (is_off_) return false;
  const auto group = group_of(run_.j);
  for (const auto& [operation, input] :
       {std::pair{"CreateLogGroup", json::object{{"logGroupName", group}}},
        std::pair{"CreateLogStream", json::object{{"logGroupName", group}, {"logStreamName", name}}}}) {
    auto made = run_.call("logs", operation, input);
    if (made || made.error().code == "ResourceAlreadyExistsException") continue;
    base::log::warning("sagemaker: {}: {}: {}", run_.j.key.arn(), operation, made.error().message);
    is_off_ = true;  // the job goes on without its log
    return false;
  }
  made_ = name;
  return true;
}

log_shipper::log_shipper(run& r) : log_shipper(r, log_source{r.folder()}) {}

std::string log_shipper::stream() const {
  const auto& jobs = run_.j.progress.log_stream;
  return from_.stream.empty() ? jobs : fmt::format("{}/{}", jobs, from_.stream);
}

void log_shipper::ship(bool all) {
  while (true) {
    auto& known = offset_of(run_.j.progress, from_.number);
    auto text = runner::read_log(from_.folder, known, read_bytes);
    if (!text || text->empty() || !make_stream(stream())) return;
    auto b = next_log_batch(*text, all && text->size() < read_bytes, run_.now_ms());
    if (b.taken == 0) return;
    const auto offset = known + static_cast<int64_t>(b.taken);
    if (b.events.empty()) {
      run_.edit([&](job& row) { offset_of(row.progress, from_.number) = offset; });
      continue;
    }
    api::call c{run_.s.host.db, run_.context(), [&](store::transaction& t, const api::answer<json::value>& answer) {
                  if (!answer) return;
                  auto row = find_job(t, run_.j.key);
                  if (!row) return;
                  offset_of(row->progress, from_.number) = offset;
                  update(t, *row);
                }};
    auto put = run_.s.host.operations.invoke(
        "logs", "PutLogEvents", c,
        json::object{
            {"logGroupName", group_of(run_.j)}, {"logStreamName", stream()}, {"logEvents", std::move(b.events)}});
    if (!put) {
      base::log::warning("sagemaker: {}: PutLogEvents: {}", run_.j.key.arn(), put.error().message);
      return;
    }
    known = offset;
  }
}

void log_shipper::say(std::string_view suffix, std::string_view line) {
  const auto stream = fmt::format("{}/{}", run_.j.progress.log_stream, suffix);
  log_shipper beside{run_};
  if (is_off_ || !beside.make_stream(stream)) return;
  auto put =
      run_.call("logs", "PutLogEvents",
                {{"logGroupName", group_of(run_.j)},
                 {"logStreamName", stream},
                 {"logEvents", json::array{json::object{{"timestamp", run_.now_ms()},
                                                        {"message", as_utf8(line.substr(0, event_bytes_max))}}}}});
  if (!put) base::log::warning("sagemaker: {}: PutLogEvents: {}", run_.j.key.arn(), put.error().message);
}

}  // namespace mdlc::services::sagemaker
