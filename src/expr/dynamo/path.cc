#include "expr/dynamo/path.h"

#include "expr/dynamo/attribute.h"

namespace mdlc::expr::dynamo {
namespace {

tl::unexpected<error> two_paths(std::string_view verb, const path& one, const path& two) {
  return refuse(
      fmt::format("Two document paths {} with each other; must remove or rewrite one of these paths; "
                  "path one: {}, path two: {}",
                  verb, print(one), print(two)));
}

answer<void> check_pair(const path& one, const path& two) {
  const auto [a, b] = std::mismatch(one.begin(), one.end(), two.begin(), two.end());
  if (a == one.end() || b == two.end()) return two_paths("overlap", one, two);
  if (a->is_index() != b->is_index()) return two_paths("conflict", one, two);
  return {};
}

}  // namespace

std::string print(const path& p) {
  std::string out = "[";
  for (const auto& s : p) {
    if (out.size() > 1) out += ", ";
    out += s.is_index() ? fmt::format("[{}]", s.index) : s.name;
  }
  return out + "]";
}

const json::value* find(const json::object& item, const path& p) {
  const json::value* at = item.if_contains(p.front().name);
  for (size_t i = 1; at && i < p.size(); ++i) {
    const auto type = type_of(*at);
    if (type != (p[i].is_index() ? "L" : "M")) return nullptr;
    const auto& content = content_of(*at);
    if (!p[i].is_index())
      at = content.as_object().if_contains(p[i].name);
    else
      at = content.as_array().if_contains(static_cast<size_t>(p[i].index));
  }
  return at;
}

// Sorted, a path stands right behind what it begins with, and what takes a thing for a list (no name) right before what
// takes it for a map: neighbours are enough, but the message names the paths in the order in which they were written.
answer<void> check_distinct(const std::vector<path>& paths) {
  std::vector<size_t> order(paths.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return paths[a] < paths[b]; });
  for (size_t i = 1; i < order.size(); ++i) {
    const auto [first, second] = std::minmax(order[i - 1], order[i]);
    MDLC_CHECK(check_pair(paths[first], paths[second]));
  }
  return {};
}

}  // namespace mdlc::expr::dynamo
