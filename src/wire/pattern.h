// The regular expressions of AWS's models, which are Java's, matched by RE2 in linear time.
//
// RE2 has no look-around and no counts above 1000. Counts are written out. Look-around that stands at the outermost
// level becomes further conditions: P(?!X)Q is "PQ, and not PX…". That is the same where P and Q meet at one place
// only, which holds for AWS's patterns.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mdlc::wire {

class pattern {
 public:
  // Compiled once and kept for ever: for patterns of the constant tables alone, never for what a stranger sends.
  static const pattern& of(std::string_view java);

  explicit pattern(std::string_view java);
  ~pattern();
  pattern(pattern&&) noexcept;

  // The whole text. A pattern that cannot be carried over matches everything.
  bool matches(std::string_view text) const;

  // Why it cannot be carried over; empty if it can.
  const std::string& problem() const { return problem_; }

 private:
  struct condition;
  void require(const std::string& java, bool wanted);

  std::vector<condition> conditions_;
  std::string problem_;
};

}  // namespace mdlc::wire
