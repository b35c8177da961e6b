// A payload template: JSON in which some members are computed (`"x.$": "$.y"`). Parameters, ResultSelector,
// ItemSelector, Assign.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "asl/expression.h"
#include "base/result.h"

namespace mdlc::asl {

class payload_template {
 public:
  payload_template() = default;  // none

  // On failure the member that is neither a path nor a call ("x.$").
  static base::result<payload_template, std::string> compile(const json::value&);

  explicit operator bool() const { return root_ != nullptr; }

  struct problem {
    std::string field;  // "x.$"
    std::shared_ptr<const expression> at;
    trouble why;
  };
  // REQUIRES: there is one. What holds no expression is made once and shared.
  base::result<document, problem> evaluate(const scope&) const;

  void variables(std::set<std::string>&) const;
  // The names of the outermost members, without their ".$"; empty if it is no object.
  std::vector<std::string> names() const;

 private:
  struct node;
  static base::result<std::shared_ptr<const node>, std::string> make(const json::value&);
  static base::result<json::value, problem> fill(const node&, const scope&);
  static void collect(const node&, std::set<std::string>&);
  std::shared_ptr<const node> root_;
  document constant_;
};

}  // namespace mdlc::asl
