// What a Map does before its first iteration, as far as a test shows it: the items, what ItemSelector and ItemBatcher
// make of them, and its bounds.
#include <cmath>

#include "asl/interpreter.h"
#include "asl/lone_state.h"
#include "asl/source.h"

namespace mdlc::asl {
namespace {

// Where a field of the definition is a path, or computed, or a number as it stands.
outcome<number_field> field_of(const json::value& v, std::string_view name, bool jsonata) {
  number_field out;
  if (const auto* found = json::find(v, name)) {
    if (found->is_int64()) out.literal = found->get_int64();
    if (found->is_string() && jsonata)
      if (auto made = payload_template::compile_jsonata(*found, std::string{name})) out.computed = std::move(*made);
  }
  if (auto path = json::text(v, std::string{name} + "Path"); !path.empty())
    if (auto made = path_expression::parse(path)) out.path = std::move(*made);
  return out;
}

// The items in what an ItemReader read; none where they cannot be told from it.
std::optional<json::value> items_in(const json::value& reader, const std::string& data, document& pointed) {
  const auto* config = json::find(reader, "ReaderConfig");
  auto type = config ? json::text(*config, "InputType") : std::string_view{};
  if (type == "JSONL") {
    json::array lines;
    std::string_view rest = data;
    while (!rest.empty()) {
      auto line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (line.find_first_not_of(" \t\r") == line.npos) continue;
      auto one = json::parse(line);
      if (!one) return {};
      lines.push_back(std::move(*one));
    }
    return lines;
  }
  if (type == "CSV" || type == "MANIFEST" || type == "PARQUET") return {};
  auto parsed = json::parse(data);
  if (!parsed) return {};
  auto pointer = config ? json::text(*config, "ItemsPointer") : std::string_view{};
  if (!pointer.empty()) {
    boost::system::error_code missing;
    const auto* at = std::as_const(*parsed).find_pointer(pointer, missing);
    if (!at) return {};
    json::value found = *at;
    *parsed = std::move(found);
    pointed = document::from_tree(*parsed);
  }
  return parsed->is_array() ? std::optional{std::move(*parsed)} : std::nullopt;
}

// What a path of names selects, as the text around it has it: AWS shows the items with the blanks they came with.
document as_written(const document& input, const path_field& at, const document& selected) {
  if (!at.path || at.path->from() != path_expression::root::input) return selected;
  const auto& path = at.path->path();
  std::string location;
  for (size_t n = 0; n < path.size(); ++n) {
    const auto* name = path.name_at(n);
    if (!name) return selected;
    location += "/" + *name;
  }
  if (location.empty()) return selected;
  const auto place = locate(input.text(), {location}).front();
  std::string_view rest = input.text();
  for (int line = 1; line < place.line; ++line) rest.remove_prefix(std::min(rest.size(), rest.find('\n') + 1));
  rest.remove_prefix(std::min(rest.size(), static_cast<size_t>(std::max(0, place.column - 1))));
  int depth = 0;
  bool in_text = false;
  for (size_t n = 0; n < rest.size(); ++n) {
    const char c = rest[n];
    if (in_text) {
      if (c == '\\') ++n;
      in_text = c != '"';
      continue;
    }
    in_text = c == '"';
    depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
    if (depth > 0) continue;
    // A place may be that of something around it.
    auto text = std::string{rest.substr(0, n + 1)};
    auto parsed = json::parse(text);
    return parsed && *parsed == selected.tree() ? document::from_both(std::move(text), std::move(*parsed)) : selected;
  }
  return selected;
}

// Batches of at most so many items and bytes (0: as many as come); none if all of them are larger than `whole_max`.
std::optional<json::array> batches_of(const json::array& items, int64_t items_max, int64_t bytes_max,
                                      const document& shared, size_t whole_max) {
  json::array out, now;
  size_t bytes = 0, whole = 0;
  auto end = [&] {
    if (now.empty()) return;
    json::object batch;
    if (shared) batch["BatchInput"] = shared.tree();
    batch["Items"] = std::exchange(now, {});
    out.emplace_back(std::move(batch));
    whole += bytes + (shared ? shared.text().size() : 0);
    bytes = 0;
  };
  for (const auto& item : items) {
    const auto size = json::print(item).size() + 1;
    if ((items_max > 0 && std::ssize(now) == items_max) ||
        (bytes_max > 0 && bytes + size > static_cast<size_t>(bytes_max)))
      end();
    if (whole > whole_max) return {};
    now.push_back(item);
    bytes += size;
  }
  end();
  return out;
}

}  // namespace

void lone_state::prepare_map(interpreter& i) {
  frame& f = *i.x_.find(0);
  const state& s = i.state_of(f);
  const auto& m = std::get<map_fields>(s.fields);
  const auto& written = definition_.state;
  auto shown = [&]() -> outcome<void> {
    MDLC_TRY(document input, i.select(f, s.input, f.input));
    if (!s.speaks_jsonata) i.seen(&trace::after_input_path, input);
    auto whole = [&](const json::value& v, std::string_view name) -> outcome<std::optional<int64_t>> {
      MDLC_TRY(auto field, field_of(v, name, s.speaks_jsonata));
      return i.number(f, field, std::string{name} + "Path", input);
    };
    MDLC_TRY(auto concurrency, i.number(f, m.max_concurrency, "MaxConcurrencyPath", input));
    trace_.max_concurrency = concurrency.value_or(0);
    MDLC_TRY(trace_.tolerated_count, whole(written, "ToleratedFailureCount"));
    const auto* share = json::find(written, "ToleratedFailurePercentage");
    if (share && json::is_number(*share)) {
      trace_.tolerated_percentage = json::to_double(*share);
    } else {
      MDLC_TRY(auto computed, whole(written, "ToleratedFailurePercentage"));
      if (computed) trace_.tolerated_percentage = static_cast<double>(*computed);
    }
    document items;
    if (const auto* reader = json::find(written, "ItemReader")) {
      if (!beginning_.reader_data.empty())
        if (auto read = items_in(*reader, beginning_.reader_data, trace_.after_items_pointer))
          items = document::from_tree(std::move(*read));
    } else {
      MDLC_TRY(items, s.speaks_jsonata ? i.items_query(f, m) : i.select(f, m.items, input));
      if (!items.tree().is_array())
        return tl::unexpected(i.runtime(
            f, fmt::format("Reference path \"{}\" must point to array.", m.items.path ? m.items.path->text() : "$")));
      if (!s.speaks_jsonata) i.seen(&trace::after_items_path, as_written(input, m.items, items));
    }
    if (!items) return {};
    item_count_ = std::ssize(items.tree().get_array());
    if (m.selector) {
      json::array selected;
      size_t bytes = 0;
      for (const auto& item : items.tree().get_array()) {
        auto around = i.context(f);
        around.item = document::from_tree(item);
        around.item_index = std::ssize(selected);
        MDLC_TRY(document made, i.fill(f, m.selector, input, {.context = &around}));
        // A selector may repeat the whole input for each item.
        bytes += made.text().size() + 1;
        if (bytes > i.limits_.payload_bytes) return tl::unexpected(i.too_large(f));
        selected.push_back(made.tree());
      }
      items = document::from_tree(std::move(selected));
      i.seen(&trace::after_item_selector, items);
    }
    const auto* batcher = json::find(written, "ItemBatcher");
    if (!batcher) return {};
    MDLC_TRY(auto items_max, whole(*batcher, "MaxItemsPerBatch"));
    MDLC_TRY(auto bytes_max, whole(*batcher, "MaxInputBytesPerBatch"));
    document shared;
    if (const auto* given = json::find(*batcher, "BatchInput")) {
      payload_template t;
      if (s.speaks_jsonata) {
        if (auto made = payload_template::compile_jsonata(*given, "ItemBatcher/BatchInput")) t = std::move(*made);
      } else if (auto made = payload_template::compile(*given)) {
        t = std::move(*made);
      }
      if (t) {
        MDLC_TRY(shared, i.fill(f, t, input));
      }
    }
    auto batches = batches_of(items.tree().get_array(), items_max.value_or(0), bytes_max.value_or(0), shared,
                              i.limits_.payload_bytes);
    if (!batches) return tl::unexpected(i.too_large(f));
    i.seen(&trace::after_item_batcher, document::from_tree(std::move(*batches)));
    return {};
  }();
  if (!shown) i.fail(f, std::move(shown).error());
}

bool lone_state::exceeds_tolerance(int64_t failed) const {
  if (trace_.tolerated_count && failed > *trace_.tolerated_count) return true;
  if (trace_.tolerated_percentage && item_count_.value_or(0) > 0 &&
      100.0 * static_cast<double>(failed) > *trace_.tolerated_percentage * static_cast<double>(*item_count_))
    return true;
  return !trace_.tolerated_count && !trace_.tolerated_percentage && failed > 0;
}

}  // namespace mdlc::asl
