// An expression of a definition, compiled: a path (`$.a`, `$$.b`, `$variable.c`), an intrinsic function's call, or
// JSONata (jsonata_expression.h).
//
// The seam between query languages: states hold `expression`s and templates of them and do not know which language one
// is written in.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "asl/scope.h"
#include "base/result.h"
#include "expr/jsonpath/path.h"

namespace mdlc::asl {

using expr::jsonpath::found;

// Why there is no value.
struct trouble {
  enum class kind {
    missing,           // a path found nothing; `detail` has JSONPath's words, `index` if only an array was too short
    missing_argument,  // the same inside a function's call; `detail` names the path
    function,          // a function refused its arguments: States.IntrinsicFailure
    query,             // JSONata: States.QueryEvaluationError; `detail` goes on "The JSONata expression '…' …"
    other,
  };
  kind what;
  std::string detail;
  bool index = false;
};

class expression {
 public:
  virtual ~expression() = default;
  virtual base::result<found, trouble> evaluate(const scope&) const = 0;
  // As the definition has it.
  virtual const std::string& text() const = 0;
  // Adds the names of the variables it reads.
  virtual void variables(std::set<std::string>&) const = 0;
};

// `$`, `$.a`, `$$.b`, `$variable.c`.
class path_expression : public expression {
 public:
  enum class root { input, context, variable };
  static base::result<std::shared_ptr<const path_expression>> parse(std::string_view);

  base::result<found, trouble> evaluate(const scope&) const override;
  const std::string& text() const override { return text_; }
  void variables(std::set<std::string>&) const override;

  // `$` alone: the input as it is.
  bool is_identity() const { return root_ == root::input && path_.size() == 0; }
  root from() const { return root_; }
  const std::string& variable() const { return variable_; }
  const expr::jsonpath::path& path() const { return path_; }

 private:
  path_expression(std::string text, root r, std::string variable, expr::jsonpath::path p)
      : text_(std::move(text)), root_(r), variable_(std::move(variable)), path_(std::move(p)) {}

  std::string text_;
  root root_;
  std::string variable_;
  expr::jsonpath::path path_;
};

// A path or a call, as the values of `x.$` are, and of those fields of the form …Path that take functions.
base::result<std::shared_ptr<const expression>> parse_expression(std::string_view);

}  // namespace mdlc::asl
