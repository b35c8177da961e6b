#include "runner/algorithms/linear_model.h"

#include <algorithm>
#include <cmath>

#include "runner/records/record.h"

namespace mdlc::runner::algorithms {
namespace {

constexpr std::string_view algorithm = "linear-learner";

base::result<std::vector<double>> numbers(const json::value* list) {
  if (!list || !list->is_array()) return base::fail("the model file lacks its numbers");
  std::vector<double> out;
  for (const auto& one : list->get_array()) {
    if (!json::is_number(one)) return base::fail("the model file holds something else than numbers");
    out.push_back(json::to_double(one));
  }
  return out;
}

json::array list_of(std::span<const double> values) { return json::array(values.begin(), values.end()); }

}  // namespace

std::string_view name_of(predictor_type type) {
  switch (type) {
    case predictor_type::regressor:
      return "regressor";
    case predictor_type::binary:
      return "binary_classifier";
    case predictor_type::multiclass:
      return "multiclass_classifier";
  }
  return "";
}

void linear_model::score(std::span<const float> row, std::span<double> out) const {
  for (size_t k = 0; k < out.size(); ++k) {
    double sum = bias[k];
    const double* w = weights.data() + k * row.size();
    for (size_t j = 0; j < row.size(); ++j) sum += w[j] * row[j];
    out[k] = sum;
  }
  if (loss == "logistic") out[0] = 1 / (1 + std::exp(-out[0]));
  if (loss != "softmax_loss") return;
  const double most = *std::max_element(out.begin(), out.end());
  double sum = 0;
  for (auto& s : out) sum += s = std::exp(s - most);
  for (auto& s : out) s /= sum;
}

void linear_model::predict(std::span<const float> row, std::vector<predicted>& out) const {
  std::vector<double> scores(outputs());
  score(row, scores);
  out.resize(1);
  out[0] = {"score", {scores.begin(), scores.end()}, type == predictor_type::multiclass, false};
  if (type == predictor_type::regressor) return;
  const auto label = type == predictor_type::binary
                         ? (scores[0] >= threshold ? 1.0f : 0.0f)
                         : static_cast<float>(std::max_element(scores.begin(), scores.end()) - scores.begin());
  out.push_back({"predicted_label", {label}, false, true});
}

json::object linear_model::to_json() const {
  json::array rows;
  for (size_t k = 0; k < outputs(); ++k)
    rows.push_back(list_of(std::span{weights}.subspan(k * features(), features())));
  return {{"algorithm", algorithm}, {"version", 1},          {"predictor_type", name_of(type)}, {"loss", loss},
          {"threshold", threshold}, {"bias", list_of(bias)}, {"weights", std::move(rows)}};
}

base::result<linear_model> linear_model::from_json(const json::value& from) {
  if (json::text(from, "algorithm") != algorithm) return base::fail("the model file is none of linear-learner's");
  linear_model m;
  const auto type = json::text(from, "predictor_type");
  const predictor_type types[] = {predictor_type::regressor, predictor_type::binary, predictor_type::multiclass};
  const auto found = std::find_if(std::begin(types), std::end(types), [&](auto one) { return name_of(one) == type; });
  if (found == std::end(types)) return base::fail("the model file has no predictor_type that is known");
  m.type = *found;
  m.loss = json::text(from, "loss");
  if (const auto* threshold = json::find(from, "threshold"); threshold && json::is_number(*threshold))
    m.threshold = json::to_double(*threshold);
  MDLC_TRY(m.bias, numbers(json::find(from, "bias")));
  const auto* rows = json::find(from, "weights");
  if (m.bias.empty() || !rows || !rows->is_array() || rows->get_array().size() != m.bias.size())
    return base::fail("the model file has not one list of weights for each bias");
  if ((m.type == predictor_type::multiclass) != (m.bias.size() > 1))
    return base::fail("the model file has not as many outputs as its predictor_type");
  for (const auto& row : rows->get_array()) {
    MDLC_TRY(const auto one, numbers(&row));
    if (one.empty() || one.size() > records::tensor_values_max || one.size() != numbers(&rows->get_array()[0])->size())
      return base::fail("the model file's lists of weights are not equally long");
    m.weights.insert(m.weights.end(), one.begin(), one.end());
  }
  return m;
}

}  // namespace mdlc::runner::algorithms
