// Words that cannot stand for an attribute in an expression (Developer Guide, "Reserved words in DynamoDB").
#pragma once

#include <string_view>

namespace mdlc::expr::dynamo {

// In whatever case.
bool is_reserved(std::string_view name);

}  // namespace mdlc::expr::dynamo
