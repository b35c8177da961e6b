#include "asl/distributed_map.h"

#include <charconv>

#include "asl/interpreter.h"

namespace mdlc::asl {
namespace {

std::string shown(const json::value& v) {
  return v.is_string() ? std::string{json::view(v.get_string())} : json::print(v);
}

// A number, or a string that holds one.
std::optional<double> number_in(const json::value& v) {
  if (json::is_number(v)) return json::to_double(v);
  if (!v.is_string()) return {};
  auto text = json::view(v.get_string());
  double out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return out;
}

}  // namespace

outcome<json::value> interpreter::resource(const frame& f, const map_resource& r, const document& input) {
  json::object out;
  if (!r.action.empty()) out["action"] = r.action;
  if (r.arguments) {
    MDLC_TRY(document arguments, fill(f, r.arguments, input));
    out["arguments"] = arguments.tree();
  }
  if (!r.config.is_null()) out["config"] = r.config;
  return out;
}

outcome<std::optional<double>> interpreter::percentage(const frame& f, const percentage_field& field,
                                                       const document& input) {
  std::optional<double> out = field.literal;
  if (field.computed) {
    MDLC_TRY(document value, typed(f, field.computed, "ToleratedFailurePercentage", "number"));
    out = json::to_double(value.tree());
  } else if (field.path) {
    MDLC_TRY(document at, select(f, path_field{field.path, false}, input));
    out = number_in(at.tree());
    if (!out)
      return tl::unexpected(runtime(
          f,
          fmt::format("The ToleratedFailurePercentagePath field refers to value \"{}\" which is not a valid float: {}",
                      shown(at.tree()), field.path->text())));
  }
  if (out && (*out < 0 || *out > 100))
    return tl::unexpected(runtime(f, "ToleratedFailurePercentage must be between 0 and 100."));
  return out;
}

outcome<document> interpreter::plan(const frame& f, const distributed_fields& d, const document& input,
                                    const document& items, int64_t concurrency) {
  json::object out{{"label", d.label}, {"express", d.express}, {"max_concurrency", concurrency}};
  MDLC_TRY(auto count, number(f, d.tolerated_count, "ToleratedFailureCountPath", input));
  if (count && *count < 0) return tl::unexpected(runtime(f, "ToleratedFailureCount cannot be negative."));
  if (count) out["tolerated_count"] = *count;
  MDLC_TRY(auto share, percentage(f, d.tolerated_percentage, input));
  if (share) out["tolerated_percentage"] = *share;
  if (d.batches) {
    json::object batch;
    MDLC_TRY(auto at_most, number(f, d.batch_items, "MaxItemsPerBatchPath", input));
    MDLC_TRY(auto bytes, number(f, d.batch_bytes, "MaxInputBytesPerBatchPath", input));
    for (auto [value, name] : {std::pair{at_most, "MaxItemsPerBatch"}, {bytes, "MaxInputBytesPerBatch"}})
      if (value && *value < 1) return tl::unexpected(runtime(f, fmt::format("{} must be positive.", name)));
    if (at_most) batch["items"] = *at_most;
    if (bytes) batch["bytes"] = *bytes;
    if (d.batch_input) {
      MDLC_TRY(document made, fill(f, d.batch_input, input));
      batch["input"] = made.tree();
    }
    out["batch"] = std::move(batch);
  }
  if (items) {
    out["items"] = items.tree();
  } else {
    MDLC_TRY(json::value reader, resource(f, d.reader, input));
    // What is wrong with MaxItems is the reader's failure, not the state's.
    auto most = number(f, d.max_items, "MaxItemsPath", input);
    if (!most)
      reader.get_object()["failed"] = most.error().cause.value_or("");
    else if (most->value_or(0) < 0)
      reader.get_object()["failed"] = "field MaxItems must be positive";
    else if (most->value_or(0) > 0)
      reader.get_object()["max_items"] = std::min(**most, max_items_most);
    out["reader"] = std::move(reader);
  }
  if (!d.writer.action.empty() || !d.writer.config.is_null()) {
    MDLC_TRY(out["writer"], resource(f, d.writer, input));
  }
  json::object variables;
  for (const frame* at = &f; at; at = at->id ? x_.find(at->parent) : nullptr)
    for (const auto& [name, value] : at->variables)
      if (!variables.contains(name)) variables[name] = value.tree();
  out["scene"] = json::object{{"state", f.state},
                              {"input", f.input.tree()},
                              {"variables", std::move(variables)},
                              {"entered_ms", base::to_ms(f.entered)},
                              {"entered_event", f.entered_event}};
  return document::from_tree(std::move(out));
}

void interpreter::run_distributed(frame& f, const state& s, const distributed_fields& d, const document& input,
                                  const document& items, int64_t concurrency) {
  auto made = plan(f, d, input, items, concurrency);
  if (!made) return fail(f, std::move(made).error());
  auto begun = std::make_shared<record_details>();
  begun->length = items ? static_cast<int64_t>(items.tree().get_array().size()) : 0;
  record started = make(f, record_kind::noted, event_type::map_state_started);
  started.name = s.name;
  started.more = std::move(begun);
  emit(std::move(started));

  auto label = d.label.empty() ? luck_.uuid() : d.label;
  task run;
  run.kind = task_kind::map_run;
  std::string prefix = x_.info.machine_id;
  if (auto at = prefix.find(":stateMachine:"); at != prefix.npos) prefix.replace(at, 14, ":mapRun:");
  run.resource = fmt::format("{}/{}:{}", prefix, label, luck_.uuid());
  run.parameters = std::move(*made);
  open_map_run(f, std::move(run), event_type::map_run_started, -1);
}

void interpreter::redrive_map_run(frame& f) {
  task run;
  run.kind = task_kind::map_run;
  run.resource = f.map_run;
  auto redrives = f.map_run_redrives + 1;
  run.parameters = document::from_tree(json::object{{"redrive", redrives}});
  open_map_run(f, std::move(run), event_type::map_run_redriven, redrives);
}

void interpreter::open_map_run(frame& f, task run, event_type type, int64_t redrives) {
  command_id id{take_sequence(), static_cast<uint32_t>(f.retries)};
  out_.opened.emplace_back(task_command{id, run, false, {}});
  auto more = std::make_shared<record_details>();
  more->command = std::make_shared<task>(std::move(run));
  record r = make(f, record_kind::command_opened, type);
  r.command = id;
  r.index = redrives;
  r.more = std::move(more);
  emit(std::move(r));
}

state_index item_processor(const program& p, state_index map) {
  return std::get<map_fields>(p.get().states[map].fields).start;
}

item_maker::item_maker(std::shared_ptr<const program> p, const json::value& plan, const execution_info& parent,
                       document input)
    : program_(std::move(p)) {
  const auto& scene = plan.at("scene");
  auto& x = execution_.get();
  x.info = parent;
  x.input = std::move(input);
  auto root = std::make_unique<frame>();
  root->state = scene.at("state").to_number<state_index>();
  root->input = document::from_tree(scene.at("input"));
  root->entered = base::from_ms(scene.at("entered_ms").to_number<int64_t>());
  root->entered_event = scene.at("entered_event").to_number<int64_t>();
  for (const auto& [name, value] : scene.at("variables").as_object())
    root->variables[std::string{name.data(), name.size()}] = document::from_tree(value);
  x.frames[0] = std::move(root);
}

base::result<document, failure> item_maker::make(int64_t index, const document& item, base::time_point now,
                                                 uint64_t seed) {
  stimulus around{now, seed, continue_{}};
  limits bounds;
  decision nothing;
  interpreter one{program_->get(), execution_, around, bounds, nothing};
  return one.item_input(*execution_.get().find(0), index, item);
}

}  // namespace mdlc::asl
