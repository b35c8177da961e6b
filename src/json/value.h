// JSON values. Boost.JSON's: members keep the order of their insertion, numbers are int64, uint64 or double.
#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/result.h"

namespace mdlc::json {

using boost::json::array;
using boost::json::kind;
using boost::json::object;
using boost::json::string;
using boost::json::value;

// Nesting that we read at most; deeper text is refused (AWS refuses it at similar depths).
inline constexpr size_t max_depth = 512;

// One JSON text, nothing after it but white space. Duplicate members: the last one counts.
// Errors say what is wrong and where.
base::result<value> parse(std::string_view text);

// Compact, members in their order, numbers as AWS's services print them: 1, 1.5, 1.0 (a double stays one), 1.0E10.
std::string print(const value&);

// The member, or null where `v` is no object or lacks it. The pointer lives as long as `v`.
const value* find(const value& v, std::string_view member);
inline const value* find(const object& o, std::string_view member) { return o.if_contains(member); }

// The string of a member, or `otherwise` where there is none or it is no string.
std::string_view text(const value& v, std::string_view member, std::string_view otherwise = {});
// Of an object; without it the object would be copied into a value that is gone when the view is read.
std::string_view text(const object& o, std::string_view member, std::string_view otherwise = {});

inline std::string_view view(const string& s) { return {s.data(), s.size()}; }

// Whether a number of any kind; and it as double.
bool is_number(const value&);
double to_double(const value&);

}  // namespace mdlc::json
