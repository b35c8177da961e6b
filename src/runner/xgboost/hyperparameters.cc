#include "runner/xgboost/hyperparameters.h"

#include <charconv>
#include <cmath>

#include <fmt/ranges.h>

#include "runner/xgboost/number.h"

namespace mdlc::runner::xgboost {
namespace {

constexpr std::string_view tuning_metric_parameter = "_tuning_objective_metric";

enum class form { integer, real, category, list, text };

struct range {
  std::optional<double> min{}, max{};
  bool min_is_open = false, max_is_open = false;

  bool holds(double value) const {
    if (std::isnan(value)) return false;
    if (min && (min_is_open ? value <= *min : value < *min)) return false;
    return !(max && (max_is_open ? value >= *max : value > *max));
  }
  std::string str() const {
    return fmt::format("{}{}, {}{}", min_is_open || !min ? "(" : "[", min ? fmt::format("{:g}", *min) : "-inf",
                       max ? fmt::format("{:g}", *max) : "+inf", max_is_open || !max ? ")" : "]");
  }
};

constexpr range at_least(double min) { return {.min = min}; }
constexpr range above(double min) { return {.min = min, .min_is_open = true}; }
constexpr range between(double min, double max) { return {.min = min, .max = max}; }
constexpr range share{.min = 0, .max = 1, .min_is_open = true};

struct parameter {
  std::string_view name;
  form kind;
  range numbers{};
  std::vector<std::string_view> words{};
};

const std::vector<std::string_view>& metrics_maximized() {
  static const std::vector<std::string_view> names{"auc", "aucpr", "map", "ndcg"};
  return names;
}

const std::vector<std::string_view>& metrics_minimized() {
  static const std::vector<std::string_view> names{
      "aft-nloglik",     "cox-nloglik", "error", "gamma-deviance", "gamma-nloglik", "interval-regression-accuracy",
      "logloss",         "mae",         "mape",  "merror",         "mlogloss",      "mphe",
      "poisson-nloglik", "rmse",        "rmsle"};
  return names;
}

const std::vector<parameter>& parameters() {
  static const std::vector<parameter> all{
      {"num_round", form::integer, at_least(1)},
      {"csv_weights", form::integer, between(0, 1)},
      {"early_stopping_rounds", form::integer, at_least(1)},
      {"booster", form::category, {}, {"gbtree", "gblinear", "dart"}},
      {"verbosity", form::integer, between(0, 3)},
      {"nthread", form::integer, at_least(1)},
      {"eta", form::real, between(0, 1)},
      {"gamma", form::real, at_least(0)},
      {"max_depth", form::integer, at_least(0)},
      {"min_child_weight", form::real, at_least(0)},
      {"max_delta_step", form::real, at_least(0)},
      {"subsample", form::real, share},
      {"colsample_bytree", form::real, share},
      {"colsample_bylevel", form::real, share},
      {"colsample_bynode", form::real, share},
      {"lambda", form::real, at_least(0)},
      {"alpha", form::real, at_least(0)},
      {"tree_method", form::category, {}, {"auto", "exact", "approx", "hist", "gpu_hist"}},
      {"sketch_eps", form::real, {.min = 0, .max = 1, .min_is_open = true, .max_is_open = true}},
      {"scale_pos_weight", form::real, above(0)},
      {"updater", form::text},
      {"dsplit", form::category, {}, {"row", "col"}},
      {"refresh_leaf", form::integer, between(0, 1)},
      {"process_type", form::category, {}, {"default", "update"}},
      {"grow_policy", form::category, {}, {"depthwise", "lossguide"}},
      {"max_leaves", form::integer, at_least(0)},
      {"max_bin", form::integer, at_least(0)},
      {"predictor", form::category, {}, {"auto", "cpu_predictor", "gpu_predictor"}},
      {"sampling_method", form::category, {}, {"uniform", "gradient_based"}},
      {"deterministic_histogram", form::category, {}, {"true", "false"}},
      {"single_precision_histogram", form::category, {}, {"true", "false"}},
      {"monotone_constraints", form::text},
      {"interaction_constraints", form::text},
      {"sample_type", form::category, {}, {"uniform", "weighted"}},
      {"normalize_type", form::category, {}, {"tree", "forest"}},
      {"rate_drop", form::real, between(0, 1)},
      {"one_drop", form::integer, between(0, 1)},
      {"skip_drop", form::real, between(0, 1)},
      {"lambda_bias", form::real, between(0, 1)},
      {"tweedie_variance_power", form::real, {.min = 1, .max = 2, .min_is_open = true, .max_is_open = true}},
      {"objective",
       form::category,
       {},
       {"binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson", "multi:softmax", "multi:softprob",
        "rank:pairwise", "rank:ndcg", "rank:map", "reg:absoluteerror", "reg:linear", "reg:squarederror", "reg:logistic",
        "reg:gamma", "reg:pseudohubererror", "reg:squaredlogerror", "reg:tweedie", "survival:aft", "survival:cox"}},
      {"num_class", form::integer, at_least(2)},
      {"base_score", form::real, at_least(0)},
      {"eval_metric", form::list},
      {"seed", form::integer, {.min = -2147483648.0, .max = 2147483647.0, .min_is_open = true, .max_is_open = true}},
      {"num_parallel_tree", form::integer, at_least(1)},
      {"save_model_on_termination", form::category, {}, {"true", "false"}},
      {"aft_loss_distribution", form::category, {}, {"normal", "logistic", "extreme"}},
      {"aft_loss_distribution_scale", form::real, above(0)},
      {"max_cat_to_onehot", form::integer, at_least(1)},
      {"huber_slope", form::real, above(0)},
  };
  return all;
}

const parameter* find_parameter(std::string_view name) {
  for (const auto& p : parameters())
    if (p.name == name) return &p;
  return nullptr;
}

// ['a', 'b'], as Python prints a list of words.
std::string python_list(const auto& words) { return fmt::format("['{}']", fmt::join(words, "', '")); }

std::string_view strip(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

template <class T>
std::optional<T> parse(std::string_view text) {
  text = strip(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const auto comma = text.find(',');
    parts.emplace_back(strip(text.substr(0, comma)));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

base::result<void> check_metric(std::string_view metric, const std::vector<std::string>& all) {
  std::string_view name = metric;
  if (const auto at = metric.find('@'); at != std::string_view::npos) {
    name = metric.substr(0, at);
    if (name != "error" && name != "ndcg" && name != "map")
      return base::fail(
          fmt::format("Metric '{}' is not supported. Parameter 'eval_metric' with customized threshold should be one "
                      "of these options: 'error', 'ndcg', 'map'.",
                      metric));
    auto threshold = metric.substr(at + 1);
    if (threshold.ends_with('-')) threshold.remove_suffix(1);
    if (!parse<double>(threshold))
      return base::fail(fmt::format("Threshold value 't' in '{}@t' expects float input.", name));
    return {};
  }
  std::vector<std::string_view> known = metrics_maximized();
  known.insert(known.end(), metrics_minimized().begin(), metrics_minimized().end());
  if (std::find(known.begin(), known.end(), name) != known.end() || name.starts_with("tweedie-nloglik")) return {};
  return base::fail(
      fmt::format("Hyperparameter eval_metric: value {} not in range {}", python_list(all), python_list(known)));
}

tl::unexpected<base::error> not_in(const parameter& p, std::string_view value, const std::string& range) {
  return base::fail(fmt::format("Hyperparameter {}: {} is not in {}", p.name, value, range));
}

base::result<void> check_value(const parameter& p, std::string_view value) {
  const auto unreadable = [&] { return base::fail(fmt::format("Hyperparameter {}: could not parse value", p.name)); };
  switch (p.kind) {
    case form::integer: {
      const auto number = parse<int64_t>(value);
      if (!number) return unreadable();
      if (!p.numbers.holds(static_cast<double>(*number)) || *number > std::numeric_limits<int>::max())
        return not_in(p, std::to_string(*number), p.numbers.str());
      return {};
    }
    case form::real: {
      const auto number = parse<double>(value);
      if (!number) return unreadable();
      std::string printed;
      append_python(printed, *number);
      return p.numbers.holds(*number) ? base::result<void>{} : not_in(p, printed, p.numbers.str());
    }
    case form::category:
      if (std::find(p.words.begin(), p.words.end(), value) == p.words.end())
        return not_in(p, value, python_list(p.words));
      return {};
    case form::list: {
      const auto metrics = split(value);
      for (const auto& m : metrics) MDLC_CHECK(check_metric(m, metrics));
      return {};
    }
    case form::text:
      return {};
  }
  return {};
}

// What one value says about another.
base::result<void> check_together(const json::object& given, const hyperparameters& h) {
  const json::value all = given;
  const auto value = [&](std::string_view name) { return json::text(all, name); };
  const auto objective = value("objective");
  if ((objective == "multi:softmax" || objective == "multi:softprob") && !given.contains("num_class"))
    return base::fail("Require input for parameter 'num_class' for multi-classification");
  for (const auto& m : h.eval_metrics) {
    if (m == "auc" && !objective.starts_with("binary:") && !objective.starts_with("rank:") &&
        !objective.starts_with("multi:"))
      return base::fail("Metric 'auc' can only be applied for classification and ranking problems.");
    if (m == "aft-nloglik" && objective != "survival:aft")
      return base::fail("Metric 'aft-nloglik' can only be applied for 'survival:aft' objective.");
  }
  const auto method = value("tree_method");
  if (given.contains("monotone_constraints") && method != "exact" && method != "hist")
    return base::fail(
        "monotone_constraints can be used only when the tree_method parameter is set to either 'exact' or 'hist'.");
  if (given.contains("interaction_constraints") && method != "exact" && method != "hist" && method != "approx")
    return base::fail(
        "interaction_constraints can be used only when the tree_method parameter is set to either 'exact', 'hist' or "
        "'approx'.");
  return {};
}

// "validation:auc": what a tuning job looks at is measured, asked for or not.
void add_tuned_metric(std::string_view objective, hyperparameters& h) {
  const auto colon = objective.find(':');
  if (colon == std::string_view::npos) return;
  const std::string metric{objective.substr(colon + 1)};
  if (std::find(h.eval_metrics.begin(), h.eval_metrics.end(), metric) == h.eval_metrics.end())
    h.eval_metrics.push_back(metric);
}

}  // namespace

base::result<hyperparameters> check_hyperparameters(const json::object& given) {
  if (!given.contains("num_round")) return base::fail("Missing required hyperparameter: num_round");
  hyperparameters h;
  std::string tuned_for;
  for (const auto& [key, value] : given) {
    const std::string name{key};
    if (name == tuning_metric_parameter && value.is_string()) {
      tuned_for = json::view(value.get_string());
      continue;
    }
    const auto* p = find_parameter(name);
    if (!p) return base::fail(fmt::format("Extraneous hyperparameter found: {}", name));
    if (!value.is_string()) return base::fail(fmt::format("Hyperparameter {}: could not parse value", name));
    const auto text = json::view(value.get_string());
    MDLC_CHECK(check_value(*p, text));
    if (name == "num_round")
      h.num_round = *parse<int>(text);
    else if (name == "early_stopping_rounds")
      h.early_stopping_rounds = parse<int>(text);
    else if (name == "csv_weights")
      h.csv_weights = strip(text) == "1";
    else if (name == "eval_metric")
      h.eval_metrics = split(text);
    else if (name != "save_model_on_termination")
      h.library.emplace_back(name, strip(text));
  }
  add_tuned_metric(tuned_for, h);
  MDLC_CHECK(check_together(given, h));
  return h;
}

bool is_maximized(std::string_view metric) {
  metric = metric.substr(0, metric.find('@'));
  const auto& names = metrics_maximized();
  return std::find(names.begin(), names.end(), metric) != names.end();
}

}  // namespace mdlc::runner::xgboost
