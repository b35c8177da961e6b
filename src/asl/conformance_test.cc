// Histories of the real service, where they are at hand (MDLC_CONFORMANCE, or shared/conformance beside the checkout):
// our interpreter runs the same definitions; what tasks gave and when is taken from the recording.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "asl/testing.h"

namespace mdlc::asl {
namespace {

std::string folder() {
  if (const char* given = std::getenv("MDLC_CONFORMANCE")) return given;
  return (std::filesystem::path(__FILE__).parent_path() / "../../../shared/conformance").lexically_normal().string();
}

const std::set<std::string_view> free_words{"timestamp",    "datetime",     "date",
                                            "start-date",   "stop-date",    "creation-date",
                                            "start-time",   "entered-time", "RandomNumberGenerated",
                                            "activity_name"};

// Places held by <…> and the names of what is made anew stand for any text.
bool text_matches(std::string want, const std::string& have) {
  if (free_words.contains(want)) return true;
  static const std::regex tokens{
      "111111111111|s[nf]{2}_role_arn(:?_t1)?|bucket-name|activity_arn|state-machine-arn|execution-arn"};
  want = std::regex_replace(want, tokens, "<>");
  std::vector<std::string> parts{""};
  for (size_t i = 0; i < want.size(); ++i) {
    auto close = want[i] == '<' ? want.find('>', i) : std::string::npos;
    if (close == std::string::npos) {
      parts.back() += want[i];
    } else {
      i = close;
      parts.emplace_back();
    }
  }
  if (parts.size() == 1) return want == have;
  if (!have.starts_with(parts.front())) return false;
  size_t at = parts.front().size();
  for (size_t i = 1; i + 1 < parts.size(); ++i) {
    at = have.find(parts[i], at);
    if (at == std::string::npos) return false;
    at += parts[i].size();
  }
  return have.size() >= at + parts.back().size() && have.ends_with(parts.back());
}

json::value as_json(const json::value& v) {
  if (!v.is_string()) return v;
  auto parsed = json::parse(json::view(v.get_string()));
  return parsed ? *parsed : v;
}

// The first difference, or nothing.
std::string differs(const json::value& want, const json::value& given, const std::string& at) {
  json::value have = want.is_structured() ? as_json(given) : given;
  auto told = [&] { return fmt::format("{}: {}, expected {}", at, json::print(have), json::print(want)); };
  if (want.is_object()) {
    if (!have.is_object()) return told();
    bool open = false;
    for (const auto& [key, w] : want.get_object()) {
      std::string name{key.data(), key.size()};
      if (name.find('<') != std::string::npos) {
        open = true;
        continue;
      }
      if (name == "redriveCount") continue;
      const auto* h = json::find(have, name);
      if (!h) return fmt::format("{}: lacks {}", at, name);
      if (auto d = differs(w, *h, at + "." + name); !d.empty()) return d;
    }
    for (const auto& [key, h] : have.get_object())
      if (!open && !want.get_object().contains(key))
        return fmt::format("{}: has also {}", at, std::string_view{key.data(), key.size()});
    return {};
  }
  if (want.is_array()) {
    if (!have.is_array() || have.get_array().size() != want.get_array().size()) return told();
    for (size_t i = 0; i < want.get_array().size(); ++i)
      if (auto d = differs(want.get_array()[i], have.get_array()[i], fmt::format("{}[{}]", at, i)); !d.empty())
        return d;
    return {};
  }
  if (want.is_string()) {
    auto text = have.is_string() ? std::string{json::view(have.get_string())} : json::print(have);
    return text_matches(std::string{json::view(want.get_string())}, text) ? "" : told();
  }
  if (json::is_number(want)) {
    auto number = as_json(have);
    return json::is_number(number) && json::to_double(number) == json::to_double(want) ? "" : told();
  }
  return want == as_json(have) ? "" : told();
}

json::object without_ids(const json::value& e) {
  json::object out = e.as_object();
  for (auto name : {"id", "previousEventId", "timestamp"}) out.erase(name);
  return out;
}

std::string events_differ(const json::array& want, const std::vector<json::object>& have, bool concurrent) {
  std::string types;
  for (const auto& e : have) types += std::string{e.at("type").as_string()} + " ";
  // Some recordings of Parallel lack events that their ids show were there.
  bool gaps = !want.empty() && json::find(want.back(), "id") && want.back().at("id").to_number<size_t>() > want.size();
  if (gaps ? want.back().at("id").to_number<size_t>() != have.size() : want.size() != have.size())
    return fmt::format("{} events ({}), expected {}", have.size(), types, want.size());
  if (!concurrent) {
    for (size_t i = 0; i < want.size(); ++i) {
      auto w = want[i].as_object();
      w.erase("timestamp");
      auto h = have[i];
      h.erase("timestamp");
      if (auto d = differs(w, h, fmt::format("[{}]", i)); !d.empty()) return d;
    }
    return {};
  }
  std::vector<json::object> left;
  for (const auto& e : have) left.push_back(without_ids(e));
  for (const auto& e : want) {
    auto w = without_ids(e);
    auto hit = std::find_if(left.begin(), left.end(), [&](const auto& h) { return differs(w, h, "").empty(); });
    if (hit == left.end()) return "no event like " + json::print(w);
    left.erase(hit);
  }
  return {};
}

// What a map run gave stands where its state is left.
document map_result(const json::array& want, size_t from) {
  for (; from < want.size(); ++from)
    if (json::text(want[from], "type") == "MapStateExited") {
      const auto& output = want[from].at("stateExitedEventDetails").at("output");
      return output.is_string() ? document::from_text(std::string{json::view(output.get_string())})
                                : document::from_tree(output);
    }
  return document::from_text("[]");
}

// What the recording says happened next, from outside.
bool feed_next(testing::run& r, const json::array& want) {
  size_t done = static_cast<size_t>(r.live.events());
  if (done >= want.size()) return false;
  const auto& e = want[done];
  auto type = json::text(e, "type");
  auto details = [&]() -> json::value {
    for (const auto& [key, v] : e.as_object())
      if (std::string_view{key.data(), key.size()}.ends_with("EventDetails")) return v;
    return json::object{};
  }();
  auto output = [&] {
    const auto* o = json::find(details, "output");
    if (!o) return document::from_text("{}");
    return o->is_string() && json::parse(json::view(o->get_string()))
               ? document::from_text(std::string{json::view(o->get_string())})
               : document::from_tree(*o);
  };
  auto why = [&] {
    failure f;
    if (auto* x = json::find(details, "error")) f.error = std::string{json::view(x->as_string())};
    if (auto* x = json::find(details, "cause")) f.cause = std::string{json::view(x->as_string())};
    return f;
  };
  if (type == "ExecutionAborted") {
    r.feed(stopped{why()});
    return true;
  }
  if (r.tasks.empty()) return r.fire_next_timer();
  auto id = r.tasks.begin()->first;
  if (type.ends_with("Started"))
    r.feed(task_started{id, {}});
  else if (type == "MapRunSucceeded")
    r.feed(task_succeeded{id, map_result(want, done)});
  else if (type == "TaskSubmitted")
    r.feed(task_submitted{id, output()});
  else if (type.ends_with("Succeeded"))
    r.feed(task_succeeded{id, output()});
  else if (type.ends_with("Failed"))
    r.feed(task_failed{id, why()});
  else
    return false;
  return true;
}

struct tally {
  int passed = 0;
  std::vector<std::string> failed;
};

void replay(const json::value& c, tally& out) {
  const auto& steps = c.at("steps").as_array();
  std::string all = json::print(c.at("steps"));
  bool concurrent = all.find("\\\"Map\\\"") != std::string::npos || all.find("\\\"Parallel\\\"") != std::string::npos;
  auto refers = [&](const json::value& step, std::string_view member) -> const json::value* {
    auto text = json::text(step.at("with"), member);
    if (!text.starts_with("{{")) return nullptr;
    return &steps[static_cast<size_t>(std::atoi(text.data() + 2))];
  };
  for (const auto& step : steps) {
    if (json::text(step, "call") != "get_execution_history" || json::find(step, "refused") ||
        !json::find(step, "answer"))
      continue;
    const auto* start = refers(step, "executionArn");
    const auto* machine = start ? refers(*start, "stateMachineArn") : nullptr;
    if (!machine || json::text(*machine, "call") != "create_state_machine") continue;
    static const std::regex made_before{R"(\{\{\d+\.stateMachineArn\}\})"};
    auto definition = std::regex_replace(std::string{json::text(machine->at("with"), "definition")}, made_before,
                                         "arn:aws:states:us-east-1:000000000000:stateMachine:m");
    auto compiled = compile(definition);
    if (!compiled) {
      out.failed.push_back(std::string{json::text(c, "id")} + ": " + refusal(compiled.error()));
      continue;
    }
    const auto& answer = step.at("answer");
    const auto& want = answer.is_object() ? answer.at("events").as_array() : answer.as_array();
    std::string input{json::text(start->at("with"), "input", "{}")};
    // Where names were replaced in the recording, the machine is given what is shown.
    const auto* shown = want.empty() ? nullptr : json::find(want[0].at("executionStartedEventDetails"), "input");
    if (shown && shown->is_object() && !differs(*shown, json::value(json::string(input)), "").empty())
      input = json::print(*shown);
    testing::run r{definition};
    r.now = base::from_iso8601("2026-11-24T13:05:06Z").value();  // when it was recorded
    r.start(input);
    while (!r.live.ended() && feed_next(r, want)) {
    }
    auto d = events_differ(want, r.history(), concurrent);
    if (d.empty())
      ++out.passed;
    else
      out.failed.push_back(std::string{json::text(c, "id")} + ": " + d);
  }
}

// What no replay can meet: a time that the recording shows as a word, and a history that AWS cut short.
bool cannot_be_replayed(const std::string& line) {
  return line.find("<timestamp>") != std::string::npos ||
         line.find("test_max_concurrency_path_negative") != std::string::npos;
}

TEST(conformance, histories_of_the_real_service) {
  std::ifstream file{folder() + "/states.json"};
  if (!file) GTEST_SKIP() << "no recordings in " << folder();
  std::stringstream text;
  text << file.rdbuf();
  auto cases = json::parse(text.str()).value();
  tally t;
  for (const auto& c : cases.as_array()) replay(c, t);
  std::erase_if(t.failed, cannot_be_replayed);
  std::cout << t.passed << " histories agree, " << t.failed.size() << " do not\n";
  for (const auto& f : t.failed) ADD_FAILURE() << f.substr(0, 1500);
}

TEST(conformance, diagnostics_of_the_real_service) {
  std::ifstream file{folder() + "/states.json"};
  if (!file) GTEST_SKIP() << "no recordings in " << folder();
  std::stringstream text;
  text << file.rdbuf();
  auto cases = json::parse(text.str()).value();
  for (const auto& c : cases.as_array())
    for (const auto& step : c.at("steps").as_array()) {
      compile_options o;
      if (json::text(step.at("with"), "type") == "EXPRESS") o.type = machine_type::express;
      auto definition = json::text(step.at("with"), "definition");
      auto found = validate(definition, o);
      if (json::text(step, "call") == "validate_state_machine_definition") {
        json::array have;
        for (const auto& d : found) {
          json::object one{{"code", d.code}, {"message", d.message}, {"severity", "ERROR"}};
          if (!d.location.empty()) one["location"] = d.location;
          have.push_back(std::move(one));
        }
        EXPECT_EQ(differs(step.at("answer").at("diagnostics"), have, ""), "") << definition;
      } else if (json::text(step, "call") == "create_state_machine" && json::find(step, "refused") &&
                 json::find(step, "answer")) {
        auto message = std::string{json::text(step.at("answer").at("Error"), "Message")};
        if (message.find("SCHEMA_VALIDATION_FAILED") == std::string::npos) continue;
        EXPECT_EQ(refusal(found), message);
      } else if (json::text(step, "call") == "create_state_machine" && !json::find(step, "refused")) {
        EXPECT_TRUE(found.empty()) << refusal(found) << "\n" << definition;
      }
    }
}

}  // namespace
}  // namespace mdlc::asl
