#include "expr/dynamo/condition.h"

#include "expr/dynamo/attribute.h"

namespace mdlc::expr::dynamo {
namespace {

// An operand's value: one that stands in the item or the expression, or one that was computed. Null is none.
class operand {
 public:
  operand(const node& n, const json::object& item) {
    if (n.what == op::value)
      there_ = &n.value;
    else if (n.what == op::path)
      there_ = find(item, n.where);
    else
      compute_size(operand(n.args[0], item));
  }
  const json::value* get() const { return computed_ ? &*computed_ : there_; }
  explicit operator bool() const { return get() != nullptr; }
  const json::value& operator*() const { return *get(); }

 private:
  void compute_size(const operand& of);

  const json::value* there_ = nullptr;
  std::optional<json::value> computed_;
};

// Strings count as Java counts them, in UTF-16 units: what lies beyond the basic plane is two.
int64_t length_of(std::string_view utf8) {
  int64_t out = 0;
  for (char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) out += byte >= 0xF0 ? 2 : 1;
  }
  return out;
}

void operand::compute_size(const operand& of) {
  if (!of) return;
  const auto type = type_of(*of);
  const auto& content = content_of(*of);
  int64_t size = 0;
  if (type == "S")
    size = length_of(json::view(content.as_string()));
  else if (type == "B")
    size = static_cast<int64_t>(binary_of(*of).size());
  else if (type == "M")
    size = static_cast<int64_t>(content.as_object().size());
  else if (type == "L" || is_set(type))
    size = static_cast<int64_t>(content.as_array().size());
  else
    return;
  computed_ = make_number(number::from_integer(size));
}

bool in_order(op what, const operand& a, const operand& b) {
  if (!a || !b) return false;
  const auto order = compare(*a, *b);
  if (!order) return false;
  switch (what) {
    case op::lt:
      return *order < 0;
    case op::le:
      return *order <= 0;
    case op::gt:
      return *order > 0;
    default:
      return *order >= 0;
  }
}

bool begins_with(const json::value& whole, const json::value& start) {
  const auto type = type_of(whole);
  if (type != type_of(start)) return false;
  if (type == "B") return std::string_view(binary_of(whole)).starts_with(binary_of(start));
  return type == "S" &&
         json::view(content_of(whole).as_string()).starts_with(json::view(content_of(start).as_string()));
}

bool contains(const json::value& whole, const json::value& part) {
  const auto type = type_of(whole);
  if (type == "L" || is_set(type)) return has_member(whole, part);
  if (type != type_of(part)) return false;
  if (type == "B") return binary_of(whole).find(binary_of(part)) != std::string::npos;
  return type == "S" && json::view(content_of(whole).as_string()).find(json::view(content_of(part).as_string())) !=
                            std::string_view::npos;
}

bool holds(const node& n, const json::object& item);

bool holds_function(const node& n, const json::object& item) {
  const operand first(n.args[0], item);
  if (n.what == op::attribute_exists) return static_cast<bool>(first);
  if (n.what == op::attribute_not_exists) return !first;
  const operand second(n.args[1], item);
  if (!first || !second) return false;
  if (n.what == op::attribute_type) return type_of(*first) == json::view(content_of(*second).as_string());
  return n.what == op::begins_with ? begins_with(*first, *second) : contains(*first, *second);
}

bool holds_comparison(const node& n, const json::object& item) {
  const operand first(n.args[0], item);
  const auto is_equal = [&](const operand& other) { return first && other && equal(*first, *other); };
  switch (n.what) {
    case op::eq:
      return is_equal(operand(n.args[1], item));
    // What does not exist differs from everything.
    case op::ne:
      return !is_equal(operand(n.args[1], item));
    case op::between:
      return in_order(op::ge, first, operand(n.args[1], item)) && in_order(op::le, first, operand(n.args[2], item));
    case op::in:
      return std::any_of(n.args.begin() + 1, n.args.end(), [&](const node& m) { return is_equal(operand(m, item)); });
    default:
      return in_order(n.what, first, operand(n.args[1], item));
  }
}

bool holds(const node& n, const json::object& item) {
  const auto each = [&](const node& arg) { return holds(arg, item); };
  switch (n.what) {
    case op::and_:
      return std::all_of(n.args.begin(), n.args.end(), each);
    case op::or_:
      return std::any_of(n.args.begin(), n.args.end(), each);
    case op::not_:
      return !holds(n.args[0], item);
    default:
      return is_function(n.what) ? holds_function(n, item) : holds_comparison(n, item);
  }
}

}  // namespace

bool condition::holds(const json::object& item) const { return dynamo::holds(root_, item); }

}  // namespace mdlc::expr::dynamo
