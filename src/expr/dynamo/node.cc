#include "expr/dynamo/node.h"

#include <array>

namespace mdlc::expr::dynamo {

std::string_view spelling(op what) {
  static constexpr std::array<std::string_view, 23> words{"path",
                                                          "value",
                                                          "size",
                                                          "=",
                                                          "<>",
                                                          "<",
                                                          "<=",
                                                          ">",
                                                          ">=",
                                                          "BETWEEN",
                                                          "IN",
                                                          "AND",
                                                          "OR",
                                                          "NOT",
                                                          "attribute_exists",
                                                          "attribute_not_exists",
                                                          "attribute_type",
                                                          "begins_with",
                                                          "contains",
                                                          "+",
                                                          "-",
                                                          "if_not_exists",
                                                          "list_append"};
  static_assert(words.size() == static_cast<size_t>(op::list_append) + 1);
  return words[static_cast<size_t>(what)];
}

bool is_function(op what) {
  return what == op::size || (what >= op::attribute_exists && what <= op::contains) || what >= op::if_not_exists;
}

bool is_boolean(op what) { return what >= op::eq && what <= op::contains; }

}  // namespace mdlc::expr::dynamo
