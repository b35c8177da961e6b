#include "expr/dynamo/parser.h"

#include "expr/dynamo/attribute.h"
#include "expr/dynamo/reserved.h"

namespace mdlc::expr::dynamo {
namespace {

struct function {
  std::string_view name;
  op what;
  size_t arguments;
};

constexpr std::array functions{
    function{"attribute_exists", op::attribute_exists, 1},
    function{"attribute_not_exists", op::attribute_not_exists, 1},
    function{"attribute_type", op::attribute_type, 2},
    function{"begins_with", op::begins_with, 2},
    function{"contains", op::contains, 2},
    function{"size", op::size, 1},
    function{"if_not_exists", op::if_not_exists, 2},
    function{"list_append", op::list_append, 2},
};

constexpr std::string_view all_types = " B NULL SS BOOL L BS N NS S M ";

bool among(std::string_view type, std::string_view types) {
  return types.find(fmt::format(" {} ", type)) != std::string_view::npos;
}

bool equal_ignoring_case(std::string_view word, std::string_view upper_case) {
  return std::equal(word.begin(), word.end(), upper_case.begin(), upper_case.end(),
                    [](char a, char b) { return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b; });
}

}  // namespace

parser::parser(std::string_view kind, std::string_view text, placeholders& placeholders)
    : kind_(kind), text_(text), placeholders_(placeholders) {
  // A longer one is refused unread.
  if (text.size() <= max_expression_bytes) tokens_ = split(text);
}

answer<void> parser::check_text() const {
  if (text_.empty()) return invalid("The expression can not be empty;");
  if (text_.size() > max_expression_bytes)
    return invalid(
        fmt::format("Expression size has exceeded the maximum allowed size; expression size: {}", text_.size()));
  return {};
}

answer<void> parser::finish() const {
  for (const auto& words : diagnoses_)
    if (!words.empty()) return invalid(words);
  return {};
}

const token& parser::peek(size_t ahead) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }

bool parser::at_symbol(std::string_view symbol) const {
  return peek().kind == token_kind::symbol && peek().text == symbol;
}

bool parser::at_keyword(std::string_view upper_case) const {
  return peek().kind == token_kind::name && equal_ignoring_case(peek().text, upper_case);
}

bool parser::take_symbol(std::string_view symbol) {
  const bool is_there = at_symbol(symbol);
  if (is_there) advance();
  return is_there;
}

bool parser::take_keyword(std::string_view upper_case) {
  const bool is_there = at_keyword(upper_case);
  if (is_there) advance();
  return is_there;
}

answer<void> parser::expect_symbol(std::string_view symbol) {
  if (!take_symbol(symbol)) return syntax_error();
  return {};
}

tl::unexpected<error> parser::syntax_error() const {
  // The neighbours with what stands between them.
  const size_t begin = at_ > 0 ? tokens_[std::min(at_, tokens_.size() - 1) - 1].begin : peek().begin;
  const size_t end = peek(1).end;
  return invalid(
      fmt::format("Syntax error; token: \"{}\", near: \"{}\"", peek().text, text_.substr(begin, end - begin)));
}

tl::unexpected<error> parser::invalid(std::string_view words) const {
  return refuse(fmt::format("Invalid {}: {}", kind_, words));
}

void parser::diagnose(stage s, std::string words) {
  auto& first = diagnoses_[static_cast<size_t>(s)];
  if (first.empty()) first = std::move(words);
}

void parser::count_operator() {
  if (++operators_ > max_operators)
    diagnose(stage::limit, fmt::format("The expression contains too many operators; operator count: {}", operators_));
}

answer<path> parser::read_path() {
  path out;
  const auto read_name = [&]() -> answer<void> {
    const auto& t = peek();
    if (t.kind == token_kind::name) {
      if (is_reserved(t.text))
        diagnose(stage::reserved, fmt::format("Attribute name is a reserved keyword; reserved keyword: {}", t.text));
      out.push_back({std::string(t.text)});
    } else if (t.kind == token_kind::name_placeholder) {
      const auto* name = placeholders_.name(t.text);
      if (!name)
        diagnose(stage::name, fmt::format("An expression attribute name used in the document path is not defined; "
                                          "attribute name: {}",
                                          t.text));
      out.push_back({name ? *name : std::string(t.text)});
    } else {
      return syntax_error();
    }
    advance();
    return {};
  };
  MDLC_CHECK(read_name());
  while (at_symbol(".") || at_symbol("[")) {
    if (take_symbol(".")) {
      MDLC_CHECK(read_name());
      continue;
    }
    advance();
    if (peek().kind != token_kind::digits) return syntax_error();
    int64_t index = 0;
    for (char c : peek().text) index = std::min(index * 10 + (c - '0'), max_list_index + 1);
    if (index > max_list_index)
      diagnose(stage::limit, fmt::format("List index is not within the allowable range; index: [{}]", peek().text));
    out.push_back({"", index});
    advance();
    MDLC_CHECK(expect_symbol("]"));
  }
  if (out.size() > max_path_elements)
    diagnose(stage::limit,
             fmt::format("The document path has too many nesting elements; nesting levels: {}", out.size()));
  return out;
}

answer<node> parser::read_value() {
  if (peek().kind != token_kind::value_placeholder) return syntax_error();
  const auto* value = placeholders_.value(peek().text);
  if (!value)
    diagnose(stage::value, fmt::format("An expression attribute value used in expression is not defined; "
                                       "attribute value: {}",
                                       peek().text));
  node out{op::value};
  out.value = value ? *value : make_string("");
  advance();
  return out;
}

bool parser::at_call() const {
  return peek().kind == token_kind::name && peek(1).kind == token_kind::symbol && peek(1).text == "(";
}

op parser::begin_call() {
  const auto name = peek().text;
  advance();
  advance();  // at_call() saw "("
  count_operator();
  const auto it = std::find_if(functions.begin(), functions.end(), [&](const auto& f) { return f.name == name; });
  if (it == functions.end()) {
    diagnose(stage::function_name, fmt::format("Invalid function name; function: {}", name));
    return op::size;  // never evaluated: the diagnosis stands
  }
  if (!is_allowed(it->what))
    diagnose(stage::function_use, fmt::format("The function is not allowed in {}; function: {}", here(), name));
  return it->what;
}

answer<void> parser::enter_parentheses() {
  advance();
  if (++depth_ > max_depth) return too_deep();
  return {};
}

tl::unexpected<error> parser::too_deep() const {
  if (operators_ < max_operators) return invalid("The expression has redundant parentheses;");
  return invalid(fmt::format("The expression contains too many operators; operator count: {}", operators_ + 1));
}

void parser::leave_parentheses(bool was_in_parentheses) {
  --depth_;
  if (was_in_parentheses) diagnose(stage::parentheses, "The expression has redundant parentheses;");
}

void parser::wrong_operand(op what, std::string_view type) {
  diagnose(stage::operand, fmt::format("Incorrect operand type for operator or function; {}: {}, operand type: {}",
                                       is_function(what) ? "operator or function" : "operator", spelling(what), type));
}

void parser::check_types(op what, const node& operand, std::string_view allowed) {
  if (operand.what == op::value && !among(type_of(operand.value), allowed)) wrong_operand(what, type_of(operand.value));
}

void parser::check_count(op function, size_t count) {
  const auto it = std::find_if(functions.begin(), functions.end(), [&](const auto& f) { return f.what == function; });
  if (count != it->arguments)
    diagnose(stage::count, fmt::format("Incorrect number of operands for operator or function; operator or function: "
                                       "{}, number of operands: {}",
                                       it->name, count));
}

void parser::check_attribute_type(const node& call) {
  const auto& type = call.args[1];
  if (type.what != op::value) return wrong_operand(call.what, "document path");
  check_types(call.what, type, " S ");
  if (type_of(type.value) != "S") return;
  const auto name = json::view(content_of(type.value).as_string());
  if (!among(name, all_types))
    diagnose(stage::operand, fmt::format("Invalid attribute type name found; type: {}, valid types: "
                                         "{{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}",
                                         name));
}

void parser::check_call(const node& call) {
  const auto& args = call.args;
  check_count(call.what, args.size());
  const bool wants_path = call.what == op::attribute_exists || call.what == op::attribute_not_exists ||
                          call.what == op::attribute_type || call.what == op::if_not_exists;
  if (wants_path && args[0].what != op::path)
    diagnose(stage::operand, fmt::format("Operator or function requires a document path; operator or function: {}",
                                         spelling(call.what)));
  if (call.what == op::size) check_types(call.what, args[0], " S B SS NS BS M L ");
  if (call.what == op::contains) check_types(call.what, args[0], " S B SS NS BS L ");
  for (const auto& arg : args) {
    if (call.what == op::begins_with) check_types(call.what, arg, " S B ");
    if (call.what == op::list_append) check_types(call.what, arg, " L ");
  }
  if (call.what == op::attribute_type && args.size() == 2) check_attribute_type(call);
}

}  // namespace mdlc::expr::dynamo
