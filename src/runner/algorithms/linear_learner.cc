#include "runner/algorithms/linear_learner.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <fmt/format.h>

#include "runner/algorithms/linear_metrics.h"
#include "runner/algorithms/linear_solver.h"
#include "runner/algorithms/settings.h"

namespace mdlc::runner::algorithms {
namespace {

constexpr size_t parameters_max = 1u << 26;  // half a GiB

const std::vector<parameter>& parameters() {
  const auto positive = [](std::string_view name, bool takes_auto = false) {
    parameter p{name, form::real, 0, INFINITY, true};
    if (takes_auto) p.words = {"auto"};
    return p;
  };
  const auto not_negative = [](std::string_view name) {
    return parameter{name, form::real, 0, INFINITY, false, {"auto"}};
  };
  const auto share = [](std::string_view name, bool takes_auto = false) {
    parameter p{name, form::real, 0, 1};
    if (takes_auto) p.words = {"auto"};
    return p;
  };
  const auto count = [](std::string_view name, bool takes_auto = false) {
    parameter p{name, form::integer, 1};
    if (takes_auto) p.words = {"auto"};
    return p;
  };
  const auto choice = [](std::string_view name, std::vector<std::string_view> words, bool is_required = false) {
    return parameter{name, form::word, -INFINITY, INFINITY, false, std::move(words), is_required};
  };
  const auto flag = [&](std::string_view name) { return choice(name, {"true", "false", "True", "False"}); };
  const auto auto_flag = [&](std::string_view name) {
    return choice(name, {"auto", "true", "false", "True", "False"});
  };
  static const std::vector<parameter> all{
      choice("predictor_type", {"binary_classifier", "multiclass_classifier", "regressor"}, true),
      count("feature_dim", true),
      {"num_classes", form::integer, 3, 1e6, false, {"auto"}},
      count("accuracy_top_k"),
      flag("balance_multiclass_weights"),
      share("beta_1", true),
      share("beta_2", true),
      positive("bias_lr_mult", true),
      not_negative("bias_wd_mult"),
      choice("binary_classifier_model_selection_criteria",
             {"accuracy", "f1", "f_beta", "precision_at_target_recall", "recall_at_target_precision",
              "cross_entropy_loss", "loss_function"}),
      count("early_stopping_patience"),
      positive("early_stopping_tolerance"),
      count("epochs"),
      positive("f_beta"),
      positive("huber_delta"),
      {"init_bias", form::real},
      choice("init_method", {"uniform", "normal"}),
      positive("init_scale"),
      positive("init_sigma"),
      not_negative("l1"),
      positive("learning_rate", true),
      choice("loss", {"auto", "logistic", "squared_loss", "absolute_loss", "hinge_loss", "eps_insensitive_squared_loss",
                      "eps_insensitive_absolute_loss", "quantile_loss", "huber_loss", "softmax_loss"}),
      positive("loss_insensitivity"),
      share("lr_scheduler_factor", true),
      positive("lr_scheduler_minimum_lr", true),
      count("lr_scheduler_step", true),
      positive("margin"),
      count("mini_batch_size"),
      share("momentum", true),
      auto_flag("normalize_data"),
      auto_flag("normalize_label"),
      count("num_calibration_samples", true),
      count("num_models", true),
      count("num_point_for_scaler"),
      choice("optimizer", {"auto", "sgd", "adam", "rmsprop"}),
      {"positive_example_weight_mult", form::real, 0, INFINITY, true, {"balanced", "auto"}},
      share("quantile"),
      share("target_precision"),
      share("target_recall"),
      auto_flag("unbias_data"),
      auto_flag("unbias_label"),
      flag("use_bias"),
      flag("use_lr_scheduler"),
      not_negative("wd"),
  };
  return all;
}

struct scaling {
  double mean = 0, deviation = 1;
};

// Of the first rows, as many as the scaler looks at. `at` gives a row's value.
template <class At>
scaling measure(size_t rows, const At& at) {
  scaling s;
  for (size_t i = 0; i < rows; ++i) s.mean += at(i);
  s.mean /= static_cast<double>(rows);
  double squares = 0;
  for (size_t i = 0; i < rows; ++i) squares += (at(i) - s.mean) * (at(i) - s.mean);
  s.deviation = std::sqrt(squares / static_cast<double>(rows));
  if (!(s.deviation > 0)) s.deviation = 1;
  return s;
}

class learner {
 public:
  learner(const job& j, settings s) : job_(j), s_(std::move(s)) {}

  trained run() {
    MDLC_CHECK(choose_loss());
    MDLC_TRY(auto train, job_.read_data("train", true, s_.count("feature_dim", 0)));
    MDLC_CHECK(check_labels(train, "train"));
    for (auto channel : {"validation", "test"})
      if (job_.has_channel(channel)) {
        MDLC_TRY(auto held_out, job_.read_data(channel, true, train.features));
        MDLC_CHECK(check_labels(held_out, channel));
        (std::string_view{channel} == "test" ? test_ : validation_) = std::move(held_out);
      }
    if (outputs() * (train.features + 1) > parameters_max)
      return base::fail(fmt::format("{} outputs of {} features are more than {} parameters", outputs(), train.features,
                                    parameters_max));
    measure_scales(train);
    auto problem = pose(train);
    std::optional<linear_problem> held_out;
    if (validation_.rows) held_out.emplace(pose(validation_));
    const auto found = search(problem, held_out ? &*held_out : nullptr);
    auto model = unscaled(problem, found);
    if (type_ == predictor_type::binary) calibrate(model, validation_.rows ? validation_ : train);
    tell("train", model, train, problem, found);
    if (held_out) tell("validation", model, validation_, *held_out, found);
    if (test_.rows) {
      const auto tested = pose(test_);
      tell("test", model, test_, tested, found);
    }
    return model.to_json();
  }

 private:
  base::result<void> choose_loss() {
    const auto type = s_.text("predictor_type", "");
    type_ = type == "regressor"           ? predictor_type::regressor
            : type == "binary_classifier" ? predictor_type::binary
                                          : predictor_type::multiclass;
    if (type_ == predictor_type::multiclass) {
      classes_ = s_.count("num_classes", 0);
      if (classes_ == 0)
        return base::fail(
            "No value(s) were specified for 'num_classes' which are required hyperparameter(s): predictor_type is "
            "multiclass_classifier (caused by ValidationError)");
    }
    auto name = s_.text("loss", "auto");
    if (name == "auto")
      name = type_ == predictor_type::regressor ? "squared_loss"
             : type_ == predictor_type::binary  ? "logistic"
                                                : "softmax_loss";
    const bool of_binary = name == "logistic" || name == "hinge_loss", of_classes = name == "softmax_loss";
    const bool fits = type_ == predictor_type::binary       ? of_binary
                      : type_ == predictor_type::multiclass ? of_classes
                                                            : !of_binary && !of_classes;
    if (!fits)
      return base::fail(
          fmt::format("The value '{}' is not valid for the 'loss' hyperparameter with predictor_type {} "
                      "(caused by ValidationError)",
                      name, type));
    loss_name_ = name;
    loss_ = {*find_loss(name), s_.real("margin", 1), s_.real("loss_insensitivity", 0.01), s_.real("quantile", 0.5),
             s_.real("huber_delta", 1)};
    selection_ = {s_.text("binary_classifier_model_selection_criteria", "accuracy"), s_.real("f_beta", 1),
                  s_.real("target_recall", 0.8), s_.real("target_precision", 0.8)};
    if (selection_.criteria == "f1") selection_.criteria = "f_beta";
    if (selection_.criteria == "cross_entropy_loss") selection_.criteria = "loss_function";
    return {};
  }

  base::result<void> check_labels(const data_set& data, std::string_view channel) const {
    if (type_ == predictor_type::regressor) return {};
    const size_t classes = type_ == predictor_type::binary ? 2 : classes_;
    for (auto label : data.labels)
      if (!(label >= 0 && label < static_cast<float>(classes) && label == std::floor(label)))
        return base::fail(fmt::format("The data of channel '{}' has the label {}, where predictor_type {} takes {}",
                                      channel, label, name_of(type_),
                                      classes == 2 ? "0 and 1" : fmt::format("integers from 0 to {}", classes - 1)));
    return {};
  }

  void measure_scales(const data_set& train) {
    has_bias_ = s_.flag("use_bias", true);
    const size_t rows = std::min(train.rows, s_.count("num_point_for_scaler", 10'000));
    const bool scales = s_.flag("normalize_data", true);
    // Without a bias nothing could make up for a shift.
    const bool shifts = has_bias_ && s_.flag("unbias_data", true);
    shift_.assign(train.features, 0);
    scale_.assign(train.features, 1);
    for (size_t j = 0; j < train.features; ++j) {
      const auto s = measure(rows, [&](size_t i) { return double{train.row(i)[j]}; });
      if (shifts) shift_[j] = s.mean;
      if (scales) scale_[j] = 1 / s.deviation;
    }
    if (type_ != predictor_type::regressor) return;
    const auto s = measure(rows, [&](size_t i) { return double{train.labels[i]}; });
    if (has_bias_ && s_.flag("unbias_label", true)) label_.mean = s.mean;
    if (s_.flag("normalize_label", true)) label_.deviation = s.deviation;
  }

  linear_problem pose(const data_set& data) {
    linear_problem p{.data = data,
                     .targets = {},
                     .weights = std::vector<double>(data.rows, 1.0),
                     .shift = shift_,
                     .scale = scale_,
                     .outputs = outputs(),
                     .has_bias = has_bias_,
                     .loss = loss_,
                     .wd = s_.real("wd", 0),
                     .l1 = s_.real("l1", 0),
                     .bias_wd_mult = s_.real("bias_wd_mult", 0)};
    for (auto label : data.labels) p.targets.push_back((label - label_.mean) / label_.deviation);
    if (class_weights_.empty()) class_weights_ = weigh_classes(data);
    if (!class_weights_.empty())
      for (size_t i = 0; i < data.rows; ++i) p.weights[i] = class_weights_[static_cast<size_t>(data.labels[i])];
    return p;
  }

  // Empty where all rows weigh the same. Of the training data, which is posed first.
  std::vector<double> weigh_classes(const data_set& train) const {
    if (type_ == predictor_type::regressor) return {};
    std::vector<double> counts(type_ == predictor_type::binary ? 2 : classes_);
    for (auto label : train.labels) ++counts[static_cast<size_t>(label)];
    const auto rows = static_cast<double>(train.rows), classes = static_cast<double>(counts.size());
    std::vector<double> weights(counts.size(), 1.0);
    if (type_ == predictor_type::binary) {
      const auto given = s_.text("positive_example_weight_mult", "1");
      const bool is_balanced = given == "balanced" || given == "auto";
      weights[1] = !is_balanced                     ? s_.real("positive_example_weight_mult", 1)
                   : counts[0] > 0 && counts[1] > 0 ? counts[0] / counts[1]
                                                    : 1;
    } else if (s_.flag("balance_multiclass_weights", false)) {
      for (size_t k = 0; k < counts.size(); ++k) weights[k] = counts[k] > 0 ? rows / (classes * counts[k]) : 1;
    }
    return weights;
  }

  solver_options options() const {
    solver_options o{.optimizer = s_.text("optimizer", "auto"),
                     .mini_batch_size = s_.count("mini_batch_size", 1000),
                     .learning_rate = s_.real("learning_rate", 0.005),
                     .bias_lr_mult = s_.real("bias_lr_mult", 1),
                     .momentum = s_.real("momentum", 0),
                     .beta_1 = std::min(s_.real("beta_1", 0.9), 0.999999),
                     .beta_2 = std::min(s_.real("beta_2", 0.999), 0.999999),
                     .uses_lr_scheduler = s_.flag("use_lr_scheduler", true),
                     .lr_scheduler_step = s_.count("lr_scheduler_step", 100),
                     .lr_scheduler_factor = s_.real("lr_scheduler_factor", 0.99),
                     .lr_scheduler_minimum_lr = s_.real("lr_scheduler_minimum_lr", 1e-5)};
    return o;
  }

  std::vector<double> initial(const linear_problem& p) const {
    std::mt19937_64 chance{0};
    const auto uniform = [&] { return static_cast<double>(chance() >> 11) * 0x1.0p-53; };
    const double scale = s_.real("init_scale", 0.07), sigma = s_.real("init_sigma", 0.01);
    const bool is_normal = s_.text("init_method", "uniform") == "normal";
    std::vector<double> w(p.outputs * p.width());
    for (auto& one : w)
      one = is_normal ? sigma * std::sqrt(-2 * std::log(1 - uniform())) * std::cos(2 * M_PI * uniform())
                      : scale * (2 * uniform() - 1);
    if (has_bias_)
      for (size_t k = 0; k < p.outputs; ++k) w[(k + 1) * p.width() - 1] = s_.real("init_bias", 0);
    return w;
  }

  // The parameters of the epoch that was best: by loss, on the validation data where there are any, or by the
  // criterion that was asked for.
  std::vector<double> search(const linear_problem& train, const linear_problem* validation) {
    const size_t epochs = s_.count("epochs", 15), patience = s_.count("early_stopping_patience", 3);
    const double tolerance = s_.real("early_stopping_tolerance", 0.001);
    const auto objective = objective_name(loss_.kind, type_ == predictor_type::binary);
    auto solver = make_solver(train, options());
    auto now = initial(train);
    auto best = now;
    double best_value = INFINITY;
    size_t idle = 0;
    for (size_t epoch = 0; epoch < epochs && !stop_asked(); ++epoch) {
      const bool goes_on = solver->step(now);
      const double loss = mean_loss(train, now);
      say_metric(static_cast<int>(epoch), "train", objective, false, loss);
      double value = loss;
      if (validation) {
        value = mean_loss(*validation, now);
        say_metric(static_cast<int>(epoch), "validation", objective, false, value);
        value = by_criterion(train, now).value_or(value);
      }
      say_progress(epoch + 1, epochs);
      if (!std::isfinite(value)) break;
      idle = value < best_value - tolerance * std::fabs(best_value) || !std::isfinite(best_value) ? 0 : idle + 1;
      if (value < best_value) {
        best_value = value;
        best = now;
      }
      if (!goes_on || idle >= patience) {
        if (epoch + 1 < epochs) say(fmt::format("Early stop after {} epochs", epoch + 1));
        say_progress(epochs, epochs);
        break;
      }
    }
    return best;
  }

  // Less is better. Only a criterion that was asked for, and only on validation data, decides in the loss's place.
  std::optional<double> by_criterion(const linear_problem& train, std::span<const double> parameters) {
    if (type_ != predictor_type::binary || !s_.has("binary_classifier_model_selection_criteria") ||
        selection_.criteria == "loss_function")
      return std::nullopt;
    const auto model = unscaled(train, parameters);
    const auto scores = scores_of(model, validation_);
    const auto threshold = choose_threshold(scores, validation_.labels, selection_, usual_threshold());
    return 1 - selection_.value(count_binary(scores, validation_.labels, threshold));
  }

  size_t outputs() const { return type_ == predictor_type::multiclass ? classes_ : 1; }
  double usual_threshold() const { return loss_.kind == loss_kind::logistic ? 0.5 : 0; }

  linear_model unscaled(const linear_problem& p, std::span<const double> w) const {
    linear_model m;
    m.type = type_;
    m.loss = loss_name_;
    m.threshold = usual_threshold();
    const size_t features = p.data.features;
    for (size_t k = 0; k < p.outputs; ++k) {
      double bias = has_bias_ ? w[(k + 1) * p.width() - 1] : 0;
      for (size_t j = 0; j < features; ++j) {
        const double weight = w[k * p.width() + j] * scale_[j];
        bias -= weight * shift_[j];
        m.weights.push_back(weight * label_.deviation);
      }
      m.bias.push_back(bias * label_.deviation + label_.mean);
    }
    return m;
  }

  static std::vector<double> scores_of(const linear_model& m, const data_set& data) {
    std::vector<double> scores(data.rows * m.outputs());
    for (size_t i = 0; i < data.rows; ++i)
      m.score(data.row(i), std::span{scores}.subspan(i * m.outputs(), m.outputs()));
    return scores;
  }

  void calibrate(linear_model& m, const data_set& data) const {
    auto scores = scores_of(m, data);
    scores.resize(std::min(scores.size(), s_.count("num_calibration_samples", scores.size())));
    m.threshold = choose_threshold(scores, std::span{data.labels}.first(scores.size()), selection_, m.threshold);
  }

  void tell(std::string_view channel, const linear_model& m, const data_set& data, const linear_problem& p,
            std::span<const double> parameters) const {
    const auto objective = objective_name(loss_.kind, type_ == predictor_type::binary);
    say_metric(-1, channel, objective, false, mean_loss(p, parameters));
    if (channel == "train") return;
    const auto scores = scores_of(m, data);
    const auto score = [&](std::string_view name, double value) { say_metric(-1, channel, name, true, value); };
    if (type_ == predictor_type::regressor) {
      double squares = 0, sizes = 0;
      for (size_t i = 0; i < data.rows; ++i) {
        const double r = scores[i] - data.labels[i];
        squares += r * r;
        sizes += std::fabs(r);
      }
      say_metric(-1, channel, "mse", false, squares / static_cast<double>(data.rows));
      say_metric(-1, channel, "absolute_loss", false, sizes / static_cast<double>(data.rows));
    } else if (type_ == predictor_type::binary) {
      const auto counts = count_binary(scores, data.labels, m.threshold);
      score("binary_classification_accuracy", counts.accuracy());
      score("precision", counts.precision());
      score("recall", counts.recall());
      score(fmt::format("binary_f_{:.3f}", selection_.beta), counts.f(selection_.beta));
      score("roc_auc_score", roc_auc(scores, data.labels));
    } else {
      for (const auto& one :
           measure_classes(scores, data.labels, classes_, s_.count("accuracy_top_k", 3), selection_.beta))
        score(one.name, one.value);
    }
  }

  const job& job_;
  const settings s_;
  predictor_type type_ = predictor_type::regressor;
  size_t classes_ = 0;
  std::string loss_name_;
  loss_options loss_;
  selection selection_;
  data_set validation_, test_;  // no rows where there is no such channel
  bool has_bias_ = true;
  std::vector<double> shift_, scale_;  // of the features
  scaling label_;
  std::vector<double> class_weights_;
};

}  // namespace

trained train_linear_learner(const job& j) {
  MDLC_TRY(auto s, settings::check(parameters(), j.hyperparameters()));
  return learner{j, std::move(s)}.run();
}

}  // namespace mdlc::runner::algorithms
