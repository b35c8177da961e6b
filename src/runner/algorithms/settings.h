// Hyperparameters of SageMaker's own algorithms: what there is, in which range, and the words that their container has
// for what is wrong. Where its patterns are not known, the words say the range.
#pragma once

#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace mdlc::runner::algorithms {

enum class form { integer, real, word, any };

struct parameter {
  std::string_view name;
  form kind;
  double min = -INFINITY, max = INFINITY;
  bool min_is_open = false;
  std::vector<std::string_view> words{};  // of a word: all there are; of a number: those beside it
  bool is_required = false;
};

// Checked values, as given.
class settings {
 public:
  // `given` is hyperparameters.json: each value a string. What begins with an underscore is the platform's own.
  static base::result<settings> check(std::span<const parameter>, const json::object& given);

  bool has(std::string_view name) const { return given_.contains(name); }
  std::string text(std::string_view name, std::string_view otherwise) const;
  // `otherwise` where it is not given, or is given as a word ("auto").
  double real(std::string_view name, double otherwise) const;
  size_t count(std::string_view name, size_t otherwise) const;
  bool flag(std::string_view name, bool otherwise) const;

 private:
  std::optional<double> number(std::string_view name) const;
  json::object given_;
};

}  // namespace mdlc::runner::algorithms
