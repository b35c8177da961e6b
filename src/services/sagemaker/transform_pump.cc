#include "services/sagemaker/transform_pump.h"

#include <thread>

#include "sys/crash_point.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr size_t in_flight_per_request = 2;  // one at the server, one read ahead or waiting for its turn
constexpr size_t shown_error_max = 500;
constexpr int64_t log_interval_ms = 500;
constexpr size_t answer_bytes_max = size_t{1} << 30;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

transform_pump::end transform_pump::pump(const std::vector<input_object>& objects) {
  objects_ = &objects;
  const auto guard = run_.steering.on_wake([this] { abandon(end::interrupted); });
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < set_.concurrency; ++i) helpers.emplace_back([this] { work(); });
  work();
  for (auto& h : helpers) h.join();
  if (thrown_) std::rethrow_exception(thrown_);
  return end_;
}

void transform_pump::abandon(end why) {
  std::lock_guard lock{mutex_};
  if (!is_over_) end_ = why;
  is_over_ = true;
  for (auto* c : clients_) c->cancel();
  changed_.notify_all();
}

void transform_pump::work() {
  auto client = http::client::to_unix(set_.socket);
  {
    std::lock_guard lock{mutex_};
    clients_.push_back(&client);
    if (is_over_) client.cancel();
  }
  try {
    while (auto p = take()) {
      result r;
      if (p->content)
        r = invoke(client, *p->content);
      else
        r = refusal_of(p->error);
      deliver(*p, std::move(r));
    }
  } catch (...) {
    {
      std::lock_guard lock{mutex_};
      if (!thrown_) thrown_ = std::current_exception();
    }
    abandon(end::interrupted);
  }
  std::lock_guard lock{mutex_};
  std::erase(clients_, &client);
}

std::optional<transform_pump::piece> transform_pump::take() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] {
    const bool full = next_number_ - written_ >= static_cast<int64_t>(set_.concurrency * in_flight_per_request);
    return is_over_ || (!is_reading_ && (!full || object_ >= objects_->size()));
  });
  if (is_over_ || object_ >= objects_->size()) return std::nullopt;
  is_reading_ = true;
  const bool is_abandoned = failed_.contains(object_);
  lock.unlock();
  piece p;
  if (is_abandoned) {
    reader_.reset();
    p.object = object_;
  } else {
    p = read_piece();
  }
  lock.lock();
  p.number = next_number_++;
  if (!p.content) ++object_;
  is_reading_ = false;
  changed_.notify_all();
  return p;
}

// REQUIRES: is_reading_ is ours.
transform_pump::piece transform_pump::read_piece() {
  piece p;
  p.object = object_;
  const auto& o = (*objects_)[object_];
  if (!reader_) {
    auto content = open_object(run_, o.bucket, o.key);
    if (!content) {
      p.error = content.error().message;
      return p;
    }
    reader_.emplace(*std::move(content), set_.split);
  }
  auto next = reader_->next();
  if (!next) p.error = next.error().message;
  if (next && *next) p.content = *std::move(*next);
  if (!p.content) reader_.reset();
  return p;
}

transform_pump::result transform_pump::send(http::client& client, const std::string& body, http::response& answer) {
  http::request_head head{"POST", "/invocations", {}};
  if (!set_.content_type.empty()) head.headers.add("Content-Type", set_.content_type);
  if (!set_.accept.empty()) head.headers.add("Accept", set_.accept);
  result r;
  for (int tries = 0; tries <= set_.retries; ++tries) {
    auto sent = client.send(head, body, set_.timeout_ms, answer_bytes_max);
    if (sent && sent->status >= 200 && sent->status < 300) {
      answer = *std::move(sent);
      return {};
    }
    if (sent) {
      r.error = fmt::format("{}: {}", sent->status, std::string_view{sent->body}.substr(0, shown_error_max));
      r.is_customers = sent->status < 500;
      if (r.is_customers) return r;
    } else {
      r.error = sent.error().message;
      r.is_customers = false;
      if (run_.steering.wants_attention()) return r;
      if (!server_runs()) {
        abandon(end::server_gone);
        return r;
      }
    }
  }
  return r;
}

transform_pump::result transform_pump::invoke(http::client& client, const batch& content) {
  std::string filtered;
  const bool filters = !set_.processing.input.is_everything();
  if (filters) {
    for (size_t i = 0; i < content.records.size(); ++i) {
      auto one = filter_input(set_.processing, set_.content_type, content.record(i));
      if (!one) return refusal_of(one.error().message);
      if (i) filtered += '\n';
      filtered += *one;
    }
  }
  http::response answer;
  auto sent = send(client, filters ? filtered : content.body, answer);
  if (!sent.error.empty()) return sent;
  auto output = assemble(content, answer);
  if (!output) return refusal_of(output.error().message);
  return {*std::move(output), {}, false};
}

base::result<std::string> transform_pump::assemble(const batch& content, const http::response& answer) const {
  std::string output = answer.body;
  if (set_.processing.changes_output()) {
    MDLC_TRY(output, process(content, answer));
  }
  // One line's end behind each answer, whether the server wrote it or not.
  if (set_.assemble_lines && !output.empty() && !output.ends_with('\n')) output += '\n';
  return output;
}

base::result<std::string> transform_pump::process(const batch& content, const http::response& answer) const {
  const auto type = answer.headers.get("Content-Type", set_.accept.empty() ? set_.content_type : set_.accept);
  std::string_view body = answer.body;
  if (set_.split.format != record_format::line) {
    while (body.ends_with('\n')) body.remove_suffix(1);
    return process_output(set_.processing, type, content.record(0), body);
  }
  const auto answers = lines_of(body);
  if (answers.size() != content.records.size())
    return base::fail("Fail to join data: mismatched line count between the input and the output");
  std::string out;
  for (size_t i = 0; i < answers.size(); ++i) {
    MDLC_TRY(auto one, process_output(set_.processing, type, content.record(i), answers[i]));
    out += one;
    out += '\n';
  }
  return out;
}

void transform_pump::deliver(const piece& p, result r) {
  std::unique_lock lock{mutex_};
  ready_.try_emplace(p.number, p, std::move(r));
  if (is_writing_) return;  // who writes takes it along
  is_writing_ = true;
  for (auto first = ready_.begin(); first != ready_.end() && first->first == written_ && !is_over_;
       first = ready_.begin()) {
    auto next = std::move(first->second);
    ready_.erase(first);
    lock.unlock();
    finish(next.first, std::move(next.second));
    lock.lock();
    ++written_;
    changed_.notify_all();
  }
  is_writing_ = false;
}

// REQUIRES: is_writing_ is ours.
void transform_pump::finish(const piece& p, result r) {
  const auto& object = (*objects_)[p.object];
  if (const auto now = std::chrono::steady_clock::now(); now - shipped_ > std::chrono::milliseconds{log_interval_ms}) {
    log_.ship(false);
    shipped_ = now;
  }
  if (failed_.contains(p.object)) return;
  if (!r.error.empty()) return fail_object(p.object, r);
  if (!writer_) {
    auto staged = run_.s.host.blobs.stage();
    if (!staged) throw store::failure(staged.error().message);
    writer_ = *std::move(staged);
  }
  if (!p.content) return publish(object);
  if (auto written = writer_->write(r.output); !written) throw store::failure(written.error().message);
}

void transform_pump::fail_object(size_t object, const result& r) {
  writer_.reset();
  {
    std::lock_guard lock{mutex_};
    failed_.insert(object);
  }
  const auto& o = (*objects_)[object];
  const auto whose = r.is_customers ? "ClientError" : "AlgorithmError";
  log_.say("data-log", fmt::format("[sagemaker logs]: {}/{}: {}: {}", o.bucket, o.key, whose, r.error));
  if (failure_.empty()) failure_ = fmt::format("{}: See job logs for more information", whose);
}

void transform_pump::publish(const input_object& object) {
  auto content = writer_->finish();
  writer_.reset();
  if (!content) throw store::failure(content.error().message);
  sys::crash_point("job.before_publish");
  const auto key = join_key(set_.output.key, object.relative + ".out");
  auto put = run_.publish(set_.output.bucket, key, *content,
                          [&](store::transaction& t) { mark_output(t, job_id_, object.key); });
  sys::crash_point("job.after_publish");
  if (put) return;
  if (put.error().is_internal) throw store::failure("a transform's output could not be published");
  const auto index = static_cast<size_t>(&object - objects_->data());
  fail_object(index,
              refusal_of(fmt::format("Cannot write s3://{}/{}: {}", set_.output.bucket, key, put.error().message)));
}

bool transform_pump::server_runs() {
  auto state = runner::look(run_.folder());
  return state && state->at == runner::job_state::phase::running;
}

}  // namespace mdlc::services::sagemaker
