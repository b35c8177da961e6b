// Measures the interpreter and JSONata alone, on one thread: no database, no server. bench/asl.py says what, and
// prints.
//
//   asl_bench PLAN      PLAN: a file, {"turns", "turn_ms", "executions": [{"name", "definition", "input"}],
//                              "definitions": [{"name", "definition"}], "queries": [{"name", "text"}], "data"}
//
// On stdout {"executions": {name: {"transitions", "us": […]}}, "definitions": {name: {"us"}}, "queries": {name: {"us",
// "answer"}}}: one figure a turn, the µs of processor time that one execution, compilation or evaluation took.
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>

#include "asl/execution.h"
#include "asl/program.h"
#include "expr/jsonata/jsonata.h"
#include "json/value.h"

namespace mdlc::bench {
namespace {

[[noreturn]] void stop(std::string_view why) {
  std::cerr << "asl_bench: " << why << '\n';
  std::exit(1);
}

double processor_us() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

// What one call costs: of as many as take `turn_ms`, so that the clock does not count.
template <class Once>
double us_of(double turn_ms, Once once) {
  for (int64_t calls = 1;; calls *= 2) {
    const double begun = processor_us();
    for (int64_t n = 0; n < calls; ++n) once();
    const double us = processor_us() - begun;
    if (us >= turn_ms * 1e3) return us / static_cast<double>(calls);
  }
}

std::string string_of(const json::value& v, std::string_view member) { return std::string{json::text(v, member)}; }

struct workflow {
  std::string name, input;
  std::shared_ptr<const asl::program> program;
  int64_t transitions = 0;
  json::array us{};
};

// An item of a Map has four events: a Map of 10,000 is over what an execution may have.
const asl::limits no_event_limit{.events = INT64_MAX};

// From start to end as the server decides it, call by call; what is to be recorded is dropped.
template <class See>
asl::execution_status execute(const workflow& w, See see) {
  static const asl::execution_info info{.uid = "u",
                                        .id = "arn:aws:states:us-east-1:000000000000:execution:m:e",
                                        .name = "e",
                                        .role_arn = "arn:aws:iam::000000000000:role/r",
                                        .region = "us-east-1",
                                        .machine_id = "arn:aws:states:us-east-1:000000000000:stateMachine:m",
                                        .machine_name = "m",
                                        .start = base::from_ms(1)};
  asl::execution live;
  asl::stimulus next{info.start, 1, asl::started{info, asl::document::from_text(w.input)}};
  for (bool more = true; more;) {
    const auto d = asl::decide(*w.program, live, next, no_event_limit);
    see(d);
    more = d.wants_continue;
    next.what = asl::continue_{};
  }
  return live.status();
}

workflow read_workflow(const json::value& given) {
  workflow w{string_of(given, "name"), string_of(given, "input"), nullptr};
  auto made = asl::compile(json::text(given, "definition"));
  if (!made) stop(w.name + ": " + asl::refusal(made.error()));
  w.program = *made;
  const auto status = execute(w, [&](const asl::decision& d) {
    for (const auto& r : d.records) w.transitions += r.kind == asl::record_kind::entered;
  });
  if (status != asl::execution_status::succeeded) stop(fmt::format("{} ended as {}", w.name, asl::status_name(status)));
  return w;
}

struct definition {
  std::string name, text;
  json::array us{};
};

struct query {
  std::string name;
  expr::jsonata::expression compiled;
  json::value answer;
  json::array us{};
};

query read_query(const json::value& given, const json::value& data) {
  auto parsed = expr::jsonata::expression::parse(json::text(given, "text"));
  if (!parsed) stop(parsed.error().text());
  auto answer = parsed->evaluate(&data, {});
  if (!answer) stop(answer.error().text());
  return {string_of(given, "name"), *parsed, std::move(answer->value)};
}

void run(const json::value& plan) {
  const auto& data = plan.at("data");
  const double turn_ms = json::to_double(plan.at("turn_ms"));
  std::vector<workflow> workflows;
  std::vector<definition> definitions;
  std::vector<query> queries;
  for (const auto& w : plan.at("executions").as_array()) workflows.push_back(read_workflow(w));
  for (const auto& d : plan.at("definitions").as_array())
    definitions.push_back({string_of(d, "name"), string_of(d, "definition")});
  for (const auto& q : plan.at("queries").as_array()) queries.push_back(read_query(q, data));

  for (int64_t turn = 0; turn < plan.at("turns").as_int64(); ++turn) {
    for (auto& w : workflows) w.us.push_back(us_of(turn_ms, [&] { execute(w, [](const asl::decision&) {}); }));
    for (auto& d : definitions)
      d.us.push_back(us_of(turn_ms, [&] {
        if (!asl::compile(d.text)) stop(d.name + " does not compile");
      }));
    for (auto& q : queries)
      q.us.push_back(us_of(turn_ms, [&] {
        if (!q.compiled.evaluate(&data, {})) stop(q.name + " failed");
      }));
  }

  json::object told{{"executions", json::object{}}, {"definitions", json::object{}}, {"queries", json::object{}}};
  for (auto& w : workflows)
    told["executions"].as_object()[w.name] = json::object{{"transitions", w.transitions}, {"us", w.us}};
  for (auto& d : definitions) told["definitions"].as_object()[d.name] = json::object{{"us", d.us}};
  for (auto& q : queries) told["queries"].as_object()[q.name] = json::object{{"us", q.us}, {"answer", q.answer}};
  std::cout << json::print(told) << '\n';
}

}  // namespace
}  // namespace mdlc::bench

int main(int count, char** arguments) {
  using namespace mdlc;
  if (count != 2) bench::stop("usage: asl_bench PLAN");
  std::ostringstream text;
  text << std::ifstream{arguments[1]}.rdbuf();
  auto plan = json::parse(text.str());
  if (!plan) bench::stop(plan.error().message);
  bench::run(*plan);
}
