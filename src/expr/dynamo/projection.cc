#include "expr/dynamo/projection.h"

#include "expr/dynamo/attribute.h"
#include "expr/dynamo/parser.h"

namespace mdlc::expr::dynamo {
namespace {

class projection_parser final : parser {
 public:
  using parser::parser;

  answer<std::vector<path>> run() {
    MDLC_CHECK(check_text());
    std::vector<path> out;
    do {
      MDLC_TRY(auto p, read_path());
      out.push_back(std::move(p));
    } while (take_symbol(","));
    if (!at_end()) return syntax_error();
    MDLC_CHECK(finish());
    if (const auto ok = check_distinct(out); !ok) return invalid(ok.error().message);
    return out;
  }

 private:
  bool is_allowed(op) const override { return false; }
  std::string_view here() const override { return "a projection expression"; }
};

// Sorted paths that all begin alike, from step `depth` on.
using span = std::span<const path>;

std::optional<json::value> project(const json::value& attribute, span paths, size_t depth);

// Calls `visit(step, paths that go on with it)` for each different step.
template <class F>
void each_step(span paths, size_t depth, F&& visit) {
  while (!paths.empty()) {
    size_t count = 1;
    while (count < paths.size() && paths[count][depth] == paths[0][depth]) ++count;
    visit(paths[0][depth], paths.first(count));
    paths = paths.subspan(count);
  }
}

json::object project_map(const json::object& map, span paths, size_t depth) {
  json::object out;
  each_step(paths, depth, [&](const step& s, span below) {
    const auto* member = s.is_index() ? nullptr : map.if_contains(s.name);
    if (!member) return;
    if (auto part = project(*member, below, depth + 1)) out[s.name] = std::move(*part);
  });
  return out;
}

json::array project_list(const json::array& list, span paths, size_t depth) {
  json::array out;
  each_step(paths, depth, [&](const step& s, span below) {
    const auto* element = s.is_index() ? list.if_contains(static_cast<size_t>(s.index)) : nullptr;
    if (!element) return;
    if (auto part = project(*element, below, depth + 1)) out.push_back(std::move(*part));
  });
  return out;
}

// Nothing where no path leads to something: {"a": {"M": {}}} is not shown for a.b without b.
std::optional<json::value> project(const json::value& attribute, span paths, size_t depth) {
  if (paths[0].size() == depth) return attribute;
  const auto type = type_of(attribute);
  if (type == "M") {
    auto part = project_map(content_of(attribute).as_object(), paths, depth);
    if (!part.empty()) return json::object{{"M", std::move(part)}};
  } else if (type == "L") {
    auto part = project_list(content_of(attribute).as_array(), paths, depth);
    if (!part.empty()) return json::object{{"L", std::move(part)}};
  }
  return std::nullopt;
}

}  // namespace

answer<projection> projection::parse(std::string_view text, placeholders& placeholders) {
  MDLC_TRY(auto paths, projection_parser("ProjectionExpression", text, placeholders).run());
  return projection(std::move(paths));
}

projection::projection(std::vector<path> paths) : paths_(std::move(paths)), sorted_(paths_) {
  std::sort(sorted_.begin(), sorted_.end());
}

json::object projection::apply(const json::object& item) const { return project_map(item, sorted_, 0); }

}  // namespace mdlc::expr::dynamo
