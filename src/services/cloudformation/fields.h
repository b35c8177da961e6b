// Members of records and rows that we wrote ourselves: of the wanted type, or its empty value.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "json/value.h"

namespace mdlc::services::cloudformation {

std::string string_of(const json::object&, std::string_view name);
bool bool_of(const json::object&, std::string_view name);
int64_t integer_of(const json::object&, std::string_view name);
json::object object_of(const json::object&, std::string_view name);
std::set<std::string> set_of(const json::object&, std::string_view name);
json::array to_array(const std::set<std::string>&);

}  // namespace mdlc::services::cloudformation
