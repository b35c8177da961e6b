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

  // The same in JSONata: any value in which strings of the form {% … %} are computed. `location` is the field's name.
  struct misfit {
    std::string location;  // "Output/total"
    std::string message;
  };
  static base::result<payload_template, misfit> compile_jsonata(const json::value&, const std::string& location);

  explicit operator bool() const { return root_ != nullptr; }

  struct problem {
    std::string field;  // "x.$"; in JSONata the location
    std::shared_ptr<const expression> at;
    trouble why;
  };
  // REQUIRES: there is one. What holds no expression is made once and shared.
  base::result<document, problem> evaluate(const scope&) const;

  void variables(std::set<std::string>&) const;
  // Where all of it is one expression, its text; else null.
  const std::string* text() const;
  // The names of the outermost members, without their ".$"; empty if it is no object.
  std::vector<std::string> names() const;

 private:
  struct node;
  static base::result<std::shared_ptr<const node>, std::string> make(const json::value&);
  static base::result<std::shared_ptr<const node>, misfit> make_jsonata(const json::value&,
                                                                        const std::string& location);
  static payload_template of(std::shared_ptr<const node>);
  static base::result<json::value, problem> fill(const node&, const scope&);
  static void collect(const node&, std::set<std::string>&);
  std::shared_ptr<const node> root_;
  document constant_;
};

}  // namespace mdlc::asl
