#include "runner/files.h"

#include <time.h>

namespace mdlc::runner {
namespace {

constexpr std::string_view cause_names[] = {"none", "stopped", "max_runtime", "disk_full", "bad_input"};

json::value optional_number(const std::optional<int>& n) { return n ? json::value(*n) : json::value(nullptr); }

std::optional<int> number_if(const json::value& v) {
  if (!v.is_int64()) return std::nullopt;
  return static_cast<int>(v.get_int64());
}

json::array to_json(const std::vector<feed>& feeds) {
  json::array all;
  for (const auto& f : feeds) {
    json::object one{{"pipe", f.pipe.string()},
                     {"folder", f.folder.string()},
                     {"is_gzipped", f.is_gzipped},
                     {"wraps_records", f.wraps_records}};
    if (f.seed) one["seed"] = *f.seed;
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<feed> feeds_from_json(const json::value& v) {
  std::vector<feed> feeds;
  const auto* all = json::find(v, "feeds");
  if (!all || !all->is_array()) return feeds;  // one that an older server wrote
  for (const auto& one : all->get_array()) {
    const auto flag = [&](std::string_view name) {
      const auto* set = json::find(one, name);
      return set && set->is_bool() && set->get_bool();
    };
    feed f{json::text(one, "pipe"), json::text(one, "folder"), flag("is_gzipped"), flag("wraps_records"), {}};
    if (const auto* seed = json::find(one, "seed"); seed && seed->is_int64()) f.seed = seed->get_int64();
    feeds.push_back(std::move(f));
  }
  return feeds;
}

}  // namespace

int64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

base::result<void> write_spec(const sys::path& folder, const job_spec& spec) {
  const json::object text{{"program", to_json(spec.program)},
                          {"max_runtime_ms", spec.max_runtime_ms},
                          {"stop_grace_ms", spec.stop_grace_ms},
                          {"log_bytes", spec.log_bytes},
                          {"feeds", to_json(spec.feeds)}};
  return sys::write_file_durably(folder / spec_file, json::print(text));
}

base::result<job_spec> read_spec(const sys::path& folder) {
  MDLC_TRY(auto text, sys::read_file(folder / spec_file));
  MDLC_TRY(auto value, json::parse(text));
  const auto* described = json::find(value, "program");
  if (!described) return base::fail("a job's description without its program");
  job_spec spec;
  MDLC_TRY(spec.program, program_from_json(*described));
  const auto number = [&](std::string_view name, int64_t& into) {
    if (const auto* v = json::find(value, name); v && v->is_int64()) into = v->get_int64();
  };
  number("max_runtime_ms", spec.max_runtime_ms);
  number("stop_grace_ms", spec.stop_grace_ms);
  number("log_bytes", spec.log_bytes);
  spec.feeds = feeds_from_json(value);
  return spec;
}

base::result<void> write_outcome(const sys::path& folder, const outcome& o) {
  const json::object text{{"exit_code", optional_number(o.exit_code)},
                          {"signal", optional_number(o.signal)},
                          {"cause", cause_names[static_cast<size_t>(o.cause)]},
                          {"error", o.error},
                          {"spawned_ns", o.spawned_ns},
                          {"exited_ns", o.exited_ns}};
  return sys::write_file_durably(folder / outcome_file, json::print(text));
}

base::result<outcome> read_outcome(const sys::path& folder) try {
  MDLC_TRY(auto text, sys::read_file(folder / outcome_file));
  MDLC_TRY(auto value, json::parse(text));
  outcome o;
  o.exit_code = number_if(value.at("exit_code"));
  o.signal = number_if(value.at("signal"));
  const auto* name = std::find(std::begin(cause_names), std::end(cause_names), json::text(value, "cause"));
  if (name != std::end(cause_names)) o.cause = static_cast<cause>(name - cause_names);
  o.error = json::text(value, "error");
  o.spawned_ns = value.at("spawned_ns").to_number<int64_t>();
  o.exited_ns = value.at("exited_ns").to_number<int64_t>();
  return o;
} catch (const std::exception& e) {
  return base::fail(fmt::format("a job's outcome is not readable: {}", e.what()));
}

base::result<void> request_stop(const sys::path& folder, int64_t grace_ms) {
  return sys::write_file_durably(folder / stop_file, std::to_string(grace_ms));
}

std::optional<int64_t> stop_requested(const sys::path& folder, int64_t otherwise_ms) {
  auto text = sys::read_file(folder / stop_file);
  if (!text) return std::nullopt;
  const int64_t grace_ms = std::strtoll(text->c_str(), nullptr, 10);
  return grace_ms < 0 ? otherwise_ms : grace_ms;
}

}  // namespace mdlc::runner
