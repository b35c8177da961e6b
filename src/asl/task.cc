#include <charconv>

#include "asl/interpreter.h"
#include "base/bytes.h"

namespace mdlc::asl {
namespace {

constexpr char token_separator = '\x1f';
constexpr size_t max_token_bytes = 1024;

event_type scheduled_event(task_kind k) {
  switch (k) {
    case task_kind::lambda_function:
      return event_type::lambda_function_scheduled;
    case task_kind::activity:
      return event_type::activity_scheduled;
    case task_kind::map_run:
      return event_type::map_run_started;
    case task_kind::service:
      break;
  }
  return event_type::task_scheduled;
}

}  // namespace

std::string make_token(std::string_view uid, command_id id, chance& luck) {
  return base::to_base64(fmt::format("{}{}{}{}{}{}{:016x}{:016x}", uid, token_separator, id.sequence, token_separator,
                                     id.attempt, token_separator, luck.next(), luck.next()));
}

base::result<token_parts> parse_token(std::string_view token) {
  if (token.size() > max_token_bytes) return base::fail("no token of ours");
  MDLC_TRY(auto plain, base::from_base64(token));
  std::vector<std::string_view> parts;
  std::string_view rest = plain;
  for (size_t at; (at = rest.find(token_separator)) != std::string_view::npos; rest.remove_prefix(at + 1))
    parts.push_back(rest.substr(0, at));
  if (parts.size() != 3) return base::fail("no token of ours");
  token_parts out{std::string{parts[0]}, {}};
  auto read = [](std::string_view s, auto& into) {
    auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), into);
    return error == std::errc{} && end == s.data() + s.size();
  };
  if (!read(parts[1], out.command.sequence) || !read(parts[2], out.command.attempt))
    return base::fail("no token of ours");
  return out;
}

outcome<std::shared_ptr<record_details>> interpreter::prepare(const frame& f, const state& s, command_id id) {
  const auto& fields = std::get<task_fields>(s.fields);
  MDLC_TRY(document input, select(f, s.input, f.input));
  auto more = std::make_shared<record_details>();
  task made = fields.what;
  if (made.kind == task_kind::service) made.region = x_.info.region;
  if (made.kind == task_kind::activity || made.pattern == task_pattern::wait_for_task_token)
    made.token = make_token(x_.info.uid, id, luck_);
  made.parameters = input;
  if (!s.speaks_jsonata) seen(&trace::after_input_path, input);
  if (s.parameters) {
    auto around = context(f, made.token);
    MDLC_TRY(made.parameters, fill(f, s.parameters, input, {.context = &around}));
  }
  seen(s.speaks_jsonata ? &trace::after_arguments : &trace::after_parameters, made.parameters);
  if (made.parameters.text().size() > limits_.payload_bytes) return tl::unexpected(too_large(f));
  MDLC_TRY(made.timeout_s, number(f, fields.timeout_s, "TimeoutSecondsPath", input));
  MDLC_TRY(made.heartbeat_s, number(f, fields.heartbeat_s, "HeartbeatSecondsPath", input));
  for (auto [seconds, name] :
       {std::pair{made.timeout_s, "TimeoutSecondsPath"}, {made.heartbeat_s, "HeartbeatSecondsPath"}})
    if (seconds && (*seconds < 1 || *seconds > max_seconds))
      return tl::unexpected(
          runtime(f, fmt::format("The {} field refers to a value that is out of range: {}", name, *seconds)));
  if (fields.credentials) {
    MDLC_TRY(document credentials, fill(f, fields.credentials, input));
    made.credentials_role = json::text(credentials.tree(), "RoleArn");
  }
  auto timer = id.sequence;
  if (made.timeout_s) {
    more->timeout_timer = ++timer;
    more->timeout_due = stimulus_.time + std::chrono::seconds{*made.timeout_s};
  }
  if (made.heartbeat_s) {
    more->heartbeat_timer = ++timer;
    more->heartbeat_due = stimulus_.time + std::chrono::seconds{*made.heartbeat_s};
  }
  more->command = std::make_shared<task>(std::move(made));
  return more;
}

void interpreter::run_task(frame& f, const state& s) {
  // Every attempt has numbers of its own; `attempt` is there for whoever reads a command.s id.
  command_id id{take_sequence(), static_cast<uint32_t>(f.retries)};
  auto more = prepare(f, s, id);
  if (!more) return fail(f, std::move(more).error());
  const auto& details = **more;
  out_.opened.emplace_back(task_command{id, *details.command, false, {}});
  if (details.timeout_timer) out_.opened.emplace_back(timer_command{details.timeout_timer, details.timeout_due});
  if (details.heartbeat_timer) out_.opened.emplace_back(timer_command{details.heartbeat_timer, details.heartbeat_due});
  record r = make(f, record_kind::command_opened, scheduled_event(details.command->kind));
  r.command = id;
  r.more = std::move(*more);
  emit(std::move(r));
}

}  // namespace mdlc::asl
