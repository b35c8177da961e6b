#include "services/sagemaker/transform_pump.h"

#include <thread>

#include "sys/crash_point.h"

namespace mdlc::services::sagemaker {
namespace {

constexpr size_t in_flight_per_request = 2;  // one at the server, one read ahead or waiting for its turn
constexpr size_t shown_message_max = 4096, shown_lines_max = 50;
constexpr int64_t log_interval_ms = 500;
constexpr int64_t retry_pause_first_ms = 50, retry_pause_max_ms = 1'000;
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

// A record is a line of it, whether the object is split there or not.
bool has_lines(std::string_view type) {
  return type.starts_with("text/csv") || type.starts_with("application/jsonlines");
}

}  // namespace

transform_pump::end transform_pump::pump(const std::vector<input_object>& objects) {
  objects_ = &objects;
  const auto guard = run_.steering.on_wake([this] { abandon(end::interrupted); });
  std::vector<std::thread> helpers;
  // One more than there are requests at once: it reads ahead and writes meanwhile.
  for (size_t i = 0; i < set_.concurrency; ++i) helpers.emplace_back([this] { work(); });
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
  containers all;
  for (size_t i = 0; i < servers_.count(); ++i) all.push_back(servers_.connect(i));
  {
    std::lock_guard lock{mutex_};
    for (auto& c : all) {
      clients_.insert(&c);
      if (is_over_) c.cancel();
    }
  }
  try {
    while (auto p = take()) {
      auto r = ask(all, *p);
      p->content = {};
      deliver(*std::move(p), std::move(r));
    }
  } catch (...) {
    {
      std::lock_guard lock{mutex_};
      if (!thrown_) thrown_ = std::current_exception();
    }
    abandon(end::interrupted);
  }
  std::lock_guard lock{mutex_};
  for (auto& c : all) clients_.erase(&c);
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
  auto p = is_abandoned ? piece{} : read_piece();
  lock.lock();
  p.object = object_;
  p.number = next_number_++;
  if (p.is_sent()) {
    unsent_.insert(p.number);
  } else {
    reader_.reset();
    is_stream_taken_ = false;
    ++object_;
  }
  is_reading_ = false;
  changed_.notify_all();
  return p;
}

// REQUIRES: is_reading_ is ours.
transform_pump::piece transform_pump::read_piece() {
  piece p;
  if (set_.is_streamed) {
    if (!is_stream_taken_) p.what = kind::stream;
    is_stream_taken_ = true;
    return p;
  }
  const auto broken = [&](const base::error& why) {
    p.what = kind::broken;
    p.error = why.message;
    return std::move(p);
  };
  const auto& o = (*objects_)[object_];
  if (!reader_) {
    auto content = open_object(run_, o.bucket, o.key);
    if (!content) return broken(content.error());
    reader_.emplace(*std::move(content), set_.split);
  }
  auto next = reader_->next();
  if (!next) return broken(next.error());
  if (!*next) return p;
  p.what = kind::records;
  p.content = **std::move(next);
  return p;
}

// Requests begin in the order of the input.
bool transform_pump::await_turn(int64_t number) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return is_over_ || (sending_ < set_.concurrency && *unsent_.begin() == number); });
  unsent_.erase(number);
  if (is_over_) return false;
  ++sending_;
  changed_.notify_all();
  return true;
}

void transform_pump::leave_turn() {
  std::lock_guard lock{mutex_};
  --sending_;
  changed_.notify_all();
}

void transform_pump::give_up_turn(int64_t number) {
  std::lock_guard lock{mutex_};
  unsent_.erase(number);
  changed_.notify_all();
}

transform_pump::result transform_pump::ask(containers& all, const piece& p) {
  if (p.what == kind::broken) return {.failed = customers(p.error)};
  if (!p.is_sent()) return {};
  return invoke(all, p);
}

transform_pump::result transform_pump::invoke(containers& all, const piece& p) {
  std::string other;
  const auto* body = &p.content.body;
  if (p.what == kind::records && !set_.processing.input.is_everything()) {
    auto kept = filtered(p.content);
    if (!kept) {
      give_up_turn(p.number);
      return {.failed = customers(kept.error().message)};
    }
    other = *std::move(kept);
    body = &other;
  }
  if (!await_turn(p.number)) return {};
  result r;
  http::response answer;
  r.failed = retried([&] {
    return p.what == kind::stream ? stream(all[0], (*objects_)[p.object], r.streamed)
                                  : pass_through(all, *body, answer);
  });
  leave_turn();
  if (r.failed || p.what == kind::stream) return r;
  auto output = assemble(p.content, std::move(answer));
  if (!output) return {.failed = customers(output.error().message)};
  r.output = *std::move(output);
  return r;
}

transform_pump::refusal transform_pump::refused(const http::response& answer) {
  const bool is_customers = answer.status < 500;
  const auto what = is_customers ? "ClientError" : "Bad HTTP status received from algorithm";
  return {is_customers, is_customers, fmt::format("{}: {}", what, answer.status), answer.body};
}

transform_pump::refusal transform_pump::unanswered(const base::error& why) {
  return {false, false, "Unable to get response from algorithm", why.message};
}

std::optional<transform_pump::refusal> transform_pump::retried(const std::function<std::optional<refusal>()>& once) {
  int64_t pause_ms = retry_pause_first_ms;
  for (int tries = 0;; ++tries) {
    auto failed = once();
    if (!failed || failed->is_final) return failed;
    // Also after the last try: a server that has just died is told apart from one that does not answer.
    if (!pause(pause_ms)) return failed;
    pause_ms = std::min(2 * pause_ms, retry_pause_max_ms);
    if (!servers_.all_run()) {
      abandon(end::server_gone);
      return failed;
    }
    if (tries >= set_.retries) return failed;
  }
}

// False if there is nothing to wait for any more.
bool transform_pump::pause(int64_t ms) {
  std::unique_lock lock{mutex_};
  return !changed_.wait_for(lock, std::chrono::milliseconds{ms}, [&] { return is_over_; });
}

std::optional<transform_pump::refusal> transform_pump::pass_through(containers& all, const std::string& body,
                                                                    http::response& answer) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{set_.timeout_ms};
  auto type = set_.request.content_type;
  for (size_t at = 0; at < all.size(); ++at) {
    const http::request_head head{"POST", "/invocations", set_.request.headers(at, all.size(), type)};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    auto sent = all[at].send(head, at == 0 ? body : answer.body, left.count(), answer_bytes_max);
    if (!sent) return unanswered(sent.error());
    if (!is_success(sent->status)) return refused(*sent);
    answer = *std::move(sent);
    type = answer.headers.get("Content-Type");
  }
  return std::nullopt;
}

std::optional<transform_pump::refusal> transform_pump::stream(http::client& client, const input_object& o,
                                                              std::unique_ptr<blob::writer>& output) {
  auto content = open_object(run_, o.bucket, o.key);
  if (!content) return customers(content.error().message);
  record_reader reader{*std::move(content), set_.split};
  std::optional<refusal> of_input;
  output = stage();
  char last = '\n';
  const auto source = [&]() -> base::result<std::string_view> {
    auto bytes = reader.some();
    if (!bytes) of_input = customers(bytes.error().message);
    return bytes;
  };
  const auto sink = [&](std::string_view bytes) -> base::result<void> {
    last = bytes.back();
    if (auto written = output->write(bytes); !written) throw store::failure(written.error().message);
    return {};
  };
  const http::request_head head{"POST", "/invocations", set_.request.headers(0, 1, set_.request.content_type)};
  auto sent = client.send_streamed(head, source, sink, set_.timeout_ms);
  if (of_input) return of_input;
  if (!sent) return unanswered(sent.error());
  if (!is_success(sent->status)) return refused(*sent);
  return set_.assemble_lines && last != '\n' ? (sink("\n"), std::nullopt) : std::nullopt;
}

// The records as text, of objects that are not split, too.
std::vector<std::string_view> transform_pump::text_records(const batch& content, std::string_view type) const {
  if (set_.split.format == record_format::whole && has_lines(type)) return lines_of(content.body);
  std::vector<std::string_view> all;
  for (size_t i = 0; i < content.records.size(); ++i) all.push_back(content.record(i));
  return all;
}

base::result<std::string> transform_pump::filtered(const batch& content) const {
  const auto& type = set_.request.content_type;
  const auto records = text_records(content, type);
  std::string out;
  for (const auto& record : records) {
    MDLC_TRY(auto one, filter_input(set_.processing, type, record));
    if (!out.empty() || &record != &records.front()) out += '\n';
    out += one;
  }
  return out;
}

base::result<std::string> transform_pump::assemble(const batch& content, http::response answer) const {
  auto output = std::move(answer.body);
  if (set_.processing.changes_output()) {
    answer.body = std::move(output);
    MDLC_TRY(output, process(content, answer));
  }
  // One line's end behind each answer, whether the server wrote it or not.
  if (set_.assemble_lines && !output.empty() && !output.ends_with('\n')) output += '\n';
  return output;
}

base::result<std::string> transform_pump::process(const batch& content, const http::response& answer) const {
  const auto& r = set_.request;
  const auto type = answer.headers.get("Content-Type", r.accept.empty() ? r.content_type : r.accept);
  std::string_view body = answer.body;
  const auto records = text_records(content, r.content_type);
  if (set_.split.format == record_format::whole && !has_lines(r.content_type)) {
    while (body.ends_with('\n')) body.remove_suffix(1);
    return process_output(set_.processing, type, records[0], body);
  }
  const auto answers = lines_of(body);
  if (answers.size() != records.size())
    return base::fail("Fail to join data: mismatched line count between the input and the output");
  std::string out;
  for (size_t i = 0; i < answers.size(); ++i) {
    MDLC_TRY(auto one, process_output(set_.processing, type, records[i], answers[i]));
    out += one;
    out += '\n';
  }
  return out;
}

void transform_pump::deliver(piece p, result r) {
  std::unique_lock lock{mutex_};
  const auto number = p.number;
  ready_.try_emplace(number, std::move(p), std::move(r));
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

std::unique_ptr<blob::writer> transform_pump::stage() {
  auto staged = run_.s.host.blobs.stage();
  if (!staged) throw store::failure(staged.error().message);
  return *std::move(staged);
}

// REQUIRES: is_writing_ is ours.
void transform_pump::finish(const piece& p, result r) {
  if (const auto now = std::chrono::steady_clock::now(); now - shipped_ > std::chrono::milliseconds{log_interval_ms}) {
    servers_.ship_logs(false);
    shipped_ = now;
  }
  if (failed_.contains(p.object)) return;
  if (r.failed) return fail_object(p.object, *r.failed);
  if (r.streamed) writer_ = std::move(r.streamed);
  if (!writer_) writer_ = stage();
  if (!p.is_sent()) return publish(p.object);
  if (auto written = writer_->write(r.output); !written) throw store::failure(written.error().message);
}

// In the data log as SageMaker writes it: the headline, then what the model said, line by line.
void transform_pump::fail_object(size_t object, const refusal& why) {
  writer_.reset();
  {
    std::lock_guard lock{mutex_};
    failed_.insert(object);
  }
  const auto& o = (*objects_)[object];
  const auto say = [&](std::string_view line) { servers_.say(fmt::format("{}/{}: {}", o.bucket, o.key, line)); };
  say(why.headline);
  if (!why.message.empty()) {
    say("");
    say("Message:");
    auto lines = lines_of(std::string_view{why.message}.substr(0, shown_message_max));
    lines.resize(std::min(lines.size(), shown_lines_max));
    for (const auto& line : lines) say(line);
  }
  if (failure_.empty())
    failure_ =
        fmt::format("{}: See job logs for more information", why.is_customers ? "ClientError" : "AlgorithmError");
}

void transform_pump::publish(size_t index) {
  const auto& object = (*objects_)[index];
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
  fail_object(index,
              customers(fmt::format("Cannot write s3://{}/{}: {}", set_.output.bucket, key, put.error().message)));
}

}  // namespace mdlc::services::sagemaker
