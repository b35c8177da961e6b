// A Map in distributed mode, as the definition has it.
#include "asl/builder.h"

namespace mdlc::asl {
namespace {

constexpr size_t label_characters_max = 40;
constexpr int64_t batch_items_most = 100'000'000;
constexpr std::string_view label_forbids = " \t\r\n?*<>{}[]\"#%\\^|~`$&,;:/";
constexpr std::string_view prefix = "arn:aws:states:::";

size_t characters(std::string_view s) {
  return static_cast<size_t>(std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::shared_ptr<const distributed_fields> builder::read_distributed(const json::value& v, const json::value& config,
                                                                    query_language spoken, const std::string& at,
                                                                    const std::string& config_at) {
  auto d = std::make_shared<distributed_fields>();
  if (options_.type == machine_type::express)
    problem("Express state machine does not support Map state in DISTRIBUTED mode", at);
  required(config, config_at, {"ExecutionType"});
  if (auto type = text(config, "ExecutionType", config_at)) {
    d->express = *type == "EXPRESS";
    if (*type != "EXPRESS" && *type != "STANDARD")
      problem("The field 'ExecutionType' should have one of these values: [STANDARD, EXPRESS]",
              config_at + "/ExecutionType");
  }
  if (auto label = text(v, "Label", at)) {
    d->label = *label;
    if (characters(*label) > label_characters_max)
      problem(fmt::format("Label cannot exceed {} characters", label_characters_max), at + "/Label");
    else if (label->empty())
      problem("Label cannot be empty", at + "/Label");
    else if (label->find_first_of(label_forbids) != label->npos ||
             std::any_of(label->begin(), label->end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
      problem("Label contains invalid characters", at + "/Label");
  }
  if (const auto* reader = member(v, "ItemReader")) read_reader(*d, *reader, spoken, at + "/ItemReader");
  if (const auto* batcher = member(v, "ItemBatcher")) read_batcher(*d, *batcher, spoken, at + "/ItemBatcher");
  if (const auto* writer = member(v, "ResultWriter")) read_writer(*d, *writer, spoken, at + "/ResultWriter");
  read_tolerance(*d, v, spoken, at);
  return d;
}

map_resource builder::read_resource_of(const json::value& v, std::string_view config, query_language spoken,
                                       const std::string& at) {
  map_resource out;
  if (auto arn = text(v, "Resource", at)) {
    if (!arn->starts_with(prefix))
      problem("Value is not a valid resource ARN", at + "/Resource");
    else
      out.action = arn->substr(prefix.size());
  }
  bool jsonata = spoken == query_language::jsonata;
  if (member(v, jsonata ? "Parameters" : "Arguments"))
    problem(fmt::format("Field '{}' is not supported", jsonata ? "Parameters" : "Arguments"), at);
  out.arguments = jsonata ? query(v, "Arguments", at) : filled(v, "Parameters", at);
  if (const auto* found = member(v, config)) {
    if (found->is_object())
      out.config = *found;
    else
      problem("Expected value of type Object", fmt::format("{}/{}", at, config));
  }
  return out;
}

void builder::read_reader(distributed_fields& d, const json::value& v, query_language spoken, const std::string& at) {
  required(v, at, {"Resource"});
  d.reader = read_resource_of(v, "ReaderConfig", spoken, at);
  if (!d.reader.action.empty() && d.reader.action != "s3:getObject" && d.reader.action != "s3:listObjectsV2")
    problem("Value is not a valid resource ARN", at + "/Resource");
  const auto* config = member(v, "ReaderConfig");
  if (!config || !config->is_object()) return;
  std::string here = at + "/ReaderConfig";
  auto one_of = [&](std::string_view name, std::initializer_list<std::string_view> values) {
    auto given = text(*config, name, here);
    if (given && std::find(values.begin(), values.end(), *given) == values.end())
      problem(fmt::format("The field '{}' should have one of these values: [{}]", name, fmt::join(values, ", ")),
              fmt::format("{}/{}", here, name));
  };
  one_of("InputType", {"CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"});
  one_of("CSVHeaderLocation", {"FIRST_ROW", "GIVEN"});
  one_of("CSVDelimiter", {"COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"});
  one_of("ManifestType", {"ATHENA_DATA", "S3_INVENTORY"});
  one_of("Transformation", {"NONE", "LOAD_AND_FLATTEN"});
  text(*config, "ItemsPointer", here);
  if (const auto* headers = member(*config, "CSVHeaders")) {
    bool are_texts = headers->is_array() && std::all_of(headers->get_array().begin(), headers->get_array().end(),
                                                        [](const auto& h) { return h.is_string(); });
    if (!are_texts) problem("Expected value of type Array of String", here + "/CSVHeaders");
  }
  if (member(*config, "MaxItems") && member(*config, "MaxItemsPath"))
    problem("Only one of 'MaxItems' and 'MaxItemsPath' is allowed", here);
  d.max_items.path = reference(*config, "MaxItemsPath", here);
  const auto* most = member(*config, "MaxItems");
  if (most && most->is_string() && spoken == query_language::jsonata)
    d.max_items.computed = query(*config, "MaxItems", "ItemReader/ReaderConfig/MaxItems", here);
  else
    d.max_items.literal = whole(*config, "MaxItems", here, 0, INT64_MAX);
}

void builder::read_batcher(distributed_fields& d, const json::value& v, query_language spoken, const std::string& at) {
  if (!v.is_object()) return problem("Expected value of type Object", at);
  d.batches = true;
  if (!member(v, "MaxItemsPerBatch") && !member(v, "MaxItemsPerBatchPath") && !member(v, "MaxInputBytesPerBatch") &&
      !member(v, "MaxInputBytesPerBatchPath"))
    problem(
        "One of these fields is required: [MaxItemsPerBatch, MaxItemsPerBatchPath, MaxInputBytesPerBatch, "
        "MaxInputBytesPerBatchPath]",
        at);
  d.batch_items = number(v, "MaxItemsPerBatch", at, 1, spoken);
  d.batch_bytes = number(v, "MaxInputBytesPerBatch", at, 1, spoken);
  if (d.batch_items.literal && *d.batch_items.literal > batch_items_most)
    problem(fmt::format("Value must be between 1 and {}", batch_items_most), at + "/MaxItemsPerBatch");
  d.batch_input = spoken == query_language::jsonata ? query(v, "BatchInput", "ItemBatcher/BatchInput", at)
                                                    : filled(v, "BatchInput", at);
}

void builder::read_writer(distributed_fields& d, const json::value& v, query_language spoken, const std::string& at) {
  if (!v.is_object()) return problem("Expected value of type Object", at);
  if (!member(v, "Resource") && !member(v, "WriterConfig"))
    return problem("One of these fields is required: [Resource, WriterConfig]", at);
  d.writer = read_resource_of(v, "WriterConfig", spoken, at);
  if (!d.writer.action.empty() && d.writer.action != "s3:putObject")
    problem("Value is not a valid resource ARN", at + "/Resource");
  const auto* config = member(v, "WriterConfig");
  if (!config || !config->is_object()) return;
  std::string here = at + "/WriterConfig";
  for (auto [name, values] : {std::pair{"OutputType", std::vector<std::string_view>{"JSON", "JSONL"}},
                              {"Transformation", {"NONE", "COMPACT", "FLATTEN"}}}) {
    auto given = text(*config, name, here);
    if (given && std::find(values.begin(), values.end(), *given) == values.end())
      problem(fmt::format("The field '{}' should have one of these values: [{}]", name, fmt::join(values, ", ")),
              fmt::format("{}/{}", here, name));
  }
}

void builder::read_tolerance(distributed_fields& d, const json::value& v, query_language spoken,
                             const std::string& at) {
  d.tolerated_count = number(v, "ToleratedFailureCount", at, 0, spoken);
  if (member(v, "ToleratedFailurePercentage") && member(v, "ToleratedFailurePercentagePath"))
    problem("Only one of 'ToleratedFailurePercentage' and 'ToleratedFailurePercentagePath' is allowed", at);
  auto& share = d.tolerated_percentage;
  share.path = reference(v, "ToleratedFailurePercentagePath", at);
  const auto* found = member(v, "ToleratedFailurePercentage");
  if (!found) return;
  std::string here = at + "/ToleratedFailurePercentage";
  if (found->is_string() && spoken == query_language::jsonata)
    share.computed = query(v, "ToleratedFailurePercentage", at);
  else if (!json::is_number(*found))
    problem("Expected value of type Float", here);
  else if (json::to_double(*found) < 0 || json::to_double(*found) > 100)
    problem("ToleratedFailurePercentage must be between 0 and 100", here);
  else
    share.literal = json::to_double(*found);
}

}  // namespace mdlc::asl
