// A value or the reason why there is none. The library's expected, until std::expected is there (g++ 12 lacks it).
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace mdlc::base {

// What went wrong inside mdlc, in words for its operator. A client never sees it: dispatch turns it into a 500.
// What a customer may see is api::error.
struct error {
  std::string message;
};

template <class T, class E = error>
using result = tl::expected<T, E>;

inline tl::unexpected<error> fail(std::string message) { return tl::unexpected(error{std::move(message)}); }

}  // namespace mdlc::base

#define MDLC_CONCAT_(a, b) a##b
#define MDLC_CONCAT(a, b) MDLC_CONCAT_(a, b)

// MDLC_TRY(auto x, f()): x is f's value, or the enclosing function returns f's error.
#define MDLC_TRY(declaration, expression)                                                                  \
  auto&& MDLC_CONCAT(try_, __LINE__) = (expression);                                                       \
  if (!MDLC_CONCAT(try_, __LINE__)) return tl::unexpected(std::move(MDLC_CONCAT(try_, __LINE__)).error()); \
  declaration = *std::move(MDLC_CONCAT(try_, __LINE__))

// The same for a result<void>.
#define MDLC_CHECK(expression)                                                         \
  if (auto&& MDLC_CONCAT(try_, __LINE__) = (expression); !MDLC_CONCAT(try_, __LINE__)) \
  return tl::unexpected(std::move(MDLC_CONCAT(try_, __LINE__)).error())
