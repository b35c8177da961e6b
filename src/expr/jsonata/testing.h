// For the tests of this library.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expr/jsonata/jsonata.h"
#include "expr/jsonata/number.h"

namespace mdlc::expr::jsonata::testing {

// What an expression gives, as one text: its value as JSON, "nothing", "function", or "T1006 at 5: …".
inline std::string shown(std::string_view text, const json::value* input, const environment& given = {}) {
  auto e = expression::parse(text);
  auto r = e ? e->evaluate(input, given) : base::result<outcome, error>(tl::unexpected(e.error()));
  if (!r) return fmt::format("{} at {}: {}", r.error().code, r.error().position, r.error().message);
  if (r->what == outcome::kind::nothing) return "nothing";
  return r->what == outcome::kind::function ? "function" : to_json_text(r->value);
}

// The same for input that is written out.
inline std::string shown(std::string_view text, std::string_view input = {}, const environment& given = {}) {
  if (input.empty()) return shown(text, nullptr, given);
  const auto v = json::parse(input);
  return v ? shown(text, &*v, given) : v.error().message;
}

struct row {
  std::string_view text;
  std::string_view shown;
};

// The document that the tables speak of.
inline const json::value& document() {
  static const json::value v = *json::parse(R"({
    "Account": {"Name": "Firefly", "Order": [
      {"OrderID": "o1", "Product": [
        {"n": "Bowler Hat", "id": 1, "Price": 34.45, "Quantity": 2, "D": {"Colour": "Purple", "Weight": 0.75}},
        {"n": "Trilby", "id": 2, "Price": 21.67, "Quantity": 1, "D": {"Colour": "Orange", "Weight": 0.6}}]},
      {"OrderID": "o2", "Product": [
        {"n": "Bowler Hat", "id": 1, "Price": 34.45, "Quantity": 4, "D": {"Colour": "Purple", "Weight": 0.75}},
        {"n": "Cloak", "id": 3, "Price": 107.99, "Quantity": 1, "D": {"Colour": "Black", "Weight": 2}}]}]},
    "s": "Hello World", "nums": [3, 1, 2.5, -4, 10], "x": {"y": {"z": 1}}, "e": [], "o": {}, "names": ["b", "a", "c"],
    "Phone": [{"type": "home", "number": "0203"}, {"type": "office", "number": "01962"},
              {"type": "office", "number": "9"}]})");
  return v;
}

}  // namespace mdlc::expr::jsonata::testing
