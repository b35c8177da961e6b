// Trains and infers in this process, unconfined: what comes of data and parameters. Equality with Python's package is
// shown by the acceptance tests.
#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/value.h"
#include "runner/records/record.h"
#include "runner/records/recordio.h"
#include "runner/testing.h"
#include "runner/xgboost/builtin.h"
#include "runner/xgboost/inference.h"

namespace mdlc::runner::xgboost {
namespace {

using testing::HasSubstr;

// y depends on x1 and x2, and not quite: some of it is noise that only a model that overfits would learn.
std::string rows(int count, int seed, bool weighted = false) {
  std::string out;
  uint32_t state = static_cast<uint32_t>(seed) * 2654435761u + 1;
  const auto next = [&] { return static_cast<double>((state = state * 1664525u + 1013904223u) >> 8) / (1 << 24); };
  for (int i = 0; i < count; ++i) {
    const double a = next(), b = next(), noise = next();
    out += fmt::format("{:.5f},{}{:.5f},{:.5f}\n", 3 * a - b + noise, weighted ? "1," : "", a, b);
  }
  return out;
}

class training : public testing::Test {
 protected:
  temporary_folder base;
  json::object parameters{{"num_round", "10"}, {"max_depth", "3"}};

  void SetUp() override {
    for (auto folder : {"input/config", "input/data/train", "model", "output"})
      std::filesystem::create_directories(base / folder);
    add("train", "a.csv", rows(300, 1));
  }
  void add(std::string_view channel, std::string_view name, std::string_view content) {
    const auto folder = base / "input" / "data" / channel;
    std::filesystem::create_directories(folder);
    std::ofstream{folder / name} << content;
  }
  // Returns the exit code; what was printed is in `printed`.
  int run(std::string_view content_type = "text/csv") {
    json::object channels;
    for (const auto& c : std::filesystem::directory_iterator{base / "input" / "data"})
      channels[c.path().filename().string()] =
          json::object{{"ContentType", content_type}, {"TrainingInputMode", "File"}};
    std::ofstream{base / "input" / "config" / "hyperparameters.json"} << json::print(parameters);
    std::ofstream{base / "input" / "config" / "inputdataconfig.json"} << json::print(channels);
    testing::internal::CaptureStdout();
    const int code = train(base.path());
    printed = testing::internal::GetCapturedStdout();
    return code;
  }
  std::string reason() { return sys::read_file(base / "output" / "failure").value_or("(none)"); }
  booster model() {
    auto loaded = load_model(sys::read_file(base / "model" / "xgboost-model").value_or(""));
    EXPECT_TRUE(loaded) << loaded.error().message;
    return std::move(*loaded);
  }
  size_t lines_with(std::string_view what) {
    size_t count = 0;
    for (size_t at = printed.find(what); at != std::string::npos; at = printed.find(what, at + 1)) ++count;
    return count;
  }

  std::string printed;
};

TEST_F(training, writes_a_model_and_says_each_round) {
  add("validation", "v.csv", rows(100, 2));
  ASSERT_EQ(run(), exit_done) << printed;
  EXPECT_THAT(printed, HasSubstr("XGBoost " + library_version()));
  EXPECT_THAT(printed, testing::ContainsRegex(
                           "\n\\[0\\]#011train-rmse:[0-9]+\\.[0-9]{5}#011validation-rmse:[0-9]+\\.[0-9]{5}\n"));
  EXPECT_EQ(lines_with("#011train-rmse:"), 10u);
  EXPECT_EQ(model().features().value_or(0), 2u);
  EXPECT_EQ(reason(), "(none)");
}

TEST_F(training, reads_all_files_of_a_channel) {
  add("train", "b.csv", rows(50, 3));
  add("train", ".hidden", "not data");
  add("train", "_SUCCESS", "not data");
  ASSERT_EQ(run(), exit_done) << printed;
  EXPECT_THAT(printed, HasSubstr("Train matrix has 350 rows and 2 columns"));
}

TEST_F(training, stops_early_and_keeps_the_best) {
  parameters = {{"num_round", "200"}, {"max_depth", "8"}, {"eta", "1"}, {"early_stopping_rounds", "3"}};
  add("validation", "v.csv", rows(100, 2));
  ASSERT_EQ(run(), exit_done) << printed;
  const auto said = lines_with("#011train-rmse:");
  EXPECT_LT(said, 200u);
  // The best of the rounds that were said, three before the last one, is what the model holds.
  EXPECT_THAT(printed, HasSubstr(fmt::format("Best iteration {} ", said - 4)));
  auto kept = model();
  EXPECT_TRUE(kept.first_rounds(static_cast<int>(said) - 3));
  EXPECT_FALSE(kept.first_rounds(static_cast<int>(said) - 2));
}

TEST_F(training, says_several_metrics) {
  parameters["eval_metric"] = "mae,rmse";
  ASSERT_EQ(run(), exit_done);
  EXPECT_THAT(printed, testing::ContainsRegex("\\[9\\]#011train-mae:[0-9.]+#011train-rmse:[0-9.]+\n"));
}

TEST_F(training, takes_weights) {
  parameters["csv_weights"] = "1";
  std::filesystem::remove(base / "input" / "data" / "train" / "a.csv");
  add("train", "w.csv", rows(100, 1, true));
  add("validation", "v.csv", rows(100, 2));  // without them
  ASSERT_EQ(run(), exit_done) << printed;
  EXPECT_EQ(model().features().value_or(0), 2u);
}

TEST_F(training, what_is_wrong_with_data_is_the_customers_to_mend) {
  const struct {
    const char* content;
    const char* words;
  } cases[] = {
      {"label,a,b\n1,2,3\n", "Non-numeric value 'label' found in the header line 'label,a,b...' of file 'a.csv'"},
      {"1,2,3\n1,x,3\n", "File 'a.csv', line 2: 'x' is not a number"},
      {"1,2,3\n1,2\n", "File 'a.csv', line 2: 2 columns"},
      {"1,2,3\n\n1,x's,3\n", "File 'a.csv', line 3: 'x's' is not a number"},
      {"it's,2,3\n", "Non-numeric value 'it's' found in the header line 'it's,2,3...' of file 'a.csv'"},
      {"\xff\xfe\x01", "Non-numeric value '\\xff\\xfe\\x01' found in the header line"},
      {"nan,2,3\n", "Label contains NaN, infinity or a value too large: file 'a.csv', line 1"},
      {"1,2,3\n\n,2,3\n", "Label contains NaN, infinity or a value too large: file 'a.csv', line 3"},
      {"inf,2,3\n", "Label contains NaN, infinity or a value too large: file 'a.csv', line 1"},
      {"", "No data in channel 'train'"},
      {"1\n2\n", "The data of channel 'train' has 1 columns"},
  };
  for (const auto& c : cases) {
    add("train", "a.csv", c.content);
    EXPECT_EQ(run(), exit_customers_fault) << c.content;
    EXPECT_THAT(reason(), HasSubstr(c.words));
    EXPECT_THAT(printed, HasSubstr(c.words));
    EXPECT_FALSE(std::filesystem::exists(base / "model" / "xgboost-model"));
  }
}

TEST_F(training, a_bad_label_is_found_in_the_file_that_has_it) {
  add("train", "b.csv", "1,2,3\nnan,2,3\n");
  EXPECT_EQ(run(), exit_customers_fault);
  EXPECT_EQ(reason(), "Label contains NaN, infinity or a value too large: file 'b.csv', line 2");
}

TEST_F(training, labels_must_fit_the_objective) {
  const struct {
    const char *objective, *rows, *words;
  } cases[] = {
      {"binary:logistic", "0,1,1\n2,2,2\n", "label must be in [0,1] for logistic regression"},
      {"reg:logistic", "0,1,1\n-0.5,2,2\n", "label must be in [0,1] for logistic regression"},
      {"count:poisson", "-1,1,1\n", "PoissonRegression: label must be nonnegative"},
      {"reg:gamma", "0,1,1\n-1,2,2\n", "GammaRegression: label must be positive"},
      {"reg:squaredlogerror", "-2,1,1\n", "label must be greater than -1 for rmsle"},
      {"multi:softprob", "3,1,1\n", "SoftmaxMultiClassObj: label must be in [0, num_class)"},
  };
  for (const auto& c : cases) {
    parameters = {{"num_round", "2"}, {"objective", c.objective}};
    if (std::string_view{c.objective} == "multi:softprob") parameters["num_class"] = "3";
    add("train", "a.csv", c.rows);
    EXPECT_EQ(run(), exit_customers_fault) << c.objective;
    EXPECT_TRUE(reason().starts_with(c.words)) << reason();
    EXPECT_THAT(printed, HasSubstr(c.words));
    EXPECT_FALSE(std::filesystem::exists(base / "model" / "xgboost-model"));
  }
}

TEST_F(training, a_content_type_that_is_not_read_is_refused) {
  EXPECT_EQ(run("application/x-parquet"), exit_customers_fault);
  EXPECT_THAT(reason(), HasSubstr("application/x-parquet is not an accepted ContentType"));
}

// The rows of CSV as libsvm, indices from 0.
std::string as_libsvm(std::string_view csv) {
  std::string out;
  int column = 0;
  for (char c : csv) {
    if (c == ',')
      out += fmt::format(" {}:", column++);
    else
      out += c;
    if (c == '\n') column = 0;
  }
  return out;
}

TEST_F(training, libsvm_gives_the_same_model_as_csv) {
  add("validation", "v", rows(50, 2));
  ASSERT_EQ(run(), exit_done) << printed;
  const auto of_csv = *model().save("json");
  add("train", "a.csv", as_libsvm(rows(300, 1)));
  add("validation", "v", as_libsvm(rows(50, 2)));
  for (auto type : {"text/libsvm", "text/x-libsvm; charset=utf8", "libsvm", ""}) {  // none: libsvm
    ASSERT_EQ(run(type), exit_done) << type << printed;
    EXPECT_EQ(*model().save("json"), of_csv) << type;
  }
}

// The same as dense records.
std::string as_records(std::string_view csv) {
  std::string out;
  table t;
  EXPECT_TRUE(append_csv(t, csv, ','));
  for (size_t i = 0; i < t.rows; ++i) {
    const auto row = std::span{t.values}.subspan(i * t.columns, t.columns);
    std::string message;
    records::append_features(message, row.subspan(1));
    records::append_label(message, "values", row.first(1));
    records::append_recordio(out, message);
  }
  return out;
}

TEST_F(training, records_give_the_same_model_as_csv) {
  add("validation", "v", rows(50, 2));
  ASSERT_EQ(run(), exit_done) << printed;
  const auto of_csv = *model().save("json");
  add("train", "a.csv", as_records(rows(300, 1)));
  add("validation", "v", as_records(rows(50, 2)));
  for (auto type : {"application/x-recordio-protobuf", "recordio-protobuf"}) {
    ASSERT_EQ(run(type), exit_done) << type << printed;
    EXPECT_EQ(*model().save("json"), of_csv) << type;
  }
}

TEST_F(training, records_that_cannot_be_read_say_which) {
  constexpr auto type = "application/x-recordio-protobuf";
  add("train", "a.csv", as_records("1,2,3\n4,5,6\n") + "x");
  EXPECT_EQ(run(type), exit_customers_fault);
  EXPECT_THAT(reason(), HasSubstr("Failed to load recordio-protobuf data with exception:\nFile 'a.csv', record 3: "));
  add("train", "a.csv", as_records("1,2,3\nnan,5,6\n"));
  EXPECT_EQ(run(type), exit_customers_fault);
  EXPECT_THAT(reason(), HasSubstr("record 2: Label contains NaN, infinity or a value too large"));
  std::string message, unlabelled;
  records::append_features(message, std::vector<float>{1, 2});
  records::append_recordio(unlabelled, message);
  add("train", "a.csv", unlabelled);
  EXPECT_EQ(run(type), exit_customers_fault);
  EXPECT_THAT(reason(), HasSubstr("record 1: 0 labels, where one is read"));
}

TEST_F(training, libsvm_that_cannot_be_read_says_where) {
  add("train", "b", "1 0:1\n2 1\n");
  add("train", "a.csv", "1 0:1\n");
  EXPECT_EQ(run("text/libsvm"), exit_customers_fault);
  EXPECT_EQ(reason(), "Failed to load libsvm data with exception:\nFile 'b', line 2: '1' is not index:value");
  add("train", "b", "1\n");
  add("train", "a.csv", "2\n");
  EXPECT_EQ(run("text/libsvm"), exit_customers_fault);
  EXPECT_EQ(reason(), "The data of channel 'train' has labels and no features");
  add("train", "b", "\n");
  add("train", "a.csv", "");
  EXPECT_EQ(run("text/libsvm"), exit_customers_fault);
  EXPECT_EQ(reason(), "No data in channel 'train'");
}

TEST_F(training, libsvm_validation_may_use_fewer_features_and_not_more) {
  add("train", "a.csv", as_libsvm(rows(100, 1)));
  add("validation", "v", "1 0:0.5\n");
  EXPECT_EQ(run("text/libsvm"), exit_done) << printed;
  add("validation", "v", "1 2:0.5\n");
  EXPECT_EQ(run("text/libsvm"), exit_customers_fault);
  EXPECT_THAT(reason(),
              HasSubstr("Feature size of validation data 3 is not consistent with feature size of train data 2"));
}

TEST_F(training, libsvm_weights_and_queries_count) {
  parameters = {{"num_round", "5"}};
  add("train", "a.csv", "1:1 0:1\n3:1 0:1\n");
  ASSERT_EQ(run("text/libsvm"), exit_done) << printed;
  const auto even = *model().save("json");
  add("train", "a.csv", "1:1 0:1\n3:9 0:1\n");
  ASSERT_EQ(run("text/libsvm"), exit_done) << printed;
  EXPECT_NE(*model().save("json"), even);
  parameters = {{"num_round", "5"}, {"objective", "rank:pairwise"}};
  add("train", "a.csv", "0 qid:1 0:1\n1 qid:1 0:2\n1 qid:2 0:1\n0 qid:2 0:2\n");
  ASSERT_EQ(run("text/libsvm"), exit_done) << printed;
  const auto two = *model().save("json");
  add("train", "a.csv", "0 qid:1 0:1\n1 qid:1 0:2\n1 qid:1 0:1\n0 qid:1 0:3\n");
  ASSERT_EQ(run("text/libsvm"), exit_done) << printed;
  EXPECT_NE(*model().save("json"), two);
}

TEST_F(training, validation_has_the_same_columns) {
  add("validation", "v.csv", "1,2,3,4,5\n");
  EXPECT_EQ(run(), exit_customers_fault);
  EXPECT_THAT(reason(), HasSubstr("Feature size of validation data 4 is not consistent"));
}

TEST_F(training, a_wrong_hyperparameter_ends_it) {
  parameters["eta"] = "2";
  EXPECT_EQ(run(), exit_customers_fault);
  EXPECT_EQ(reason(), "Hyperparameter eta: 2.0 is not in [0, 1]");
}

class inferring : public training {
 protected:
  inference_answer ask(std::string_view body, std::string_view accept = "", bool batch = false,
                       std::string_view type = "text/csv") {
    if (!model_) {
      EXPECT_EQ(run(), exit_done) << printed;
      model_.emplace(model());
    }
    return infer(*model_, {type, accept, body, batch});
  }
  std::optional<booster> model_;
};

TEST_F(inferring, answers_in_each_format) {
  const auto one = ask("0.5,0.5\n").body;
  const auto other = ask("0.1,0.9").body;
  EXPECT_NE(one, other);
  EXPECT_EQ(ask("0.5,0.5\n0.1,0.9\n").body, one + "," + other);
  EXPECT_EQ(ask("0.5,0.5\n0.1,0.9\n", "*/*", true).body, one + "\n" + other + "\n");
  const auto as_json = ask("0.5,0.5\n0.1,0.9\n", "application/json");
  EXPECT_EQ(as_json.content_type, "application/json");
  EXPECT_EQ(as_json.body, fmt::format(R"({{"predictions": [{{"score": {}}}, {{"score": {}}}]}})", one, other));
  EXPECT_EQ(ask("0.5,0.5\n", "application/jsonlines").body, fmt::format("{{\"score\": {}}}\n", one));
}

TEST_F(inferring, refuses_what_it_cannot_take) {
  const struct {
    const char* body;
    const char* accept;
    const char* type;
    int status;
  } cases[] = {
      {"", "", "text/csv", 204},
      {"\n", "", "text/csv", 204},
      {"a,b", "", "text/csv", 415},
      {"1", "", "text/csv", 400},
      {"1,2,3,4", "", "text/csv", 400},
      {"1,2", "", "text/plain", 415},
      {"1,2", "image/png", "text/csv", 406},
      {"1,2\n3", "", "text/csv", 415},
  };
  for (const auto& c : cases) EXPECT_EQ(ask(c.body, c.accept, false, c.type).status, c.status) << c.body << c.type;
  EXPECT_THAT(
      ask("1").body,
      HasSubstr("Feature size of csv inference data 1 is not consistent with feature size of trained model 2."));
}

TEST_F(inferring, libsvm_is_answered_as_csv_is) {
  for (auto type : {"text/libsvm", "text/x-libsvm"}) {
    EXPECT_EQ(ask("1 0:0.5 1:0.5\n1:0.9 0:0.1\n", "", false, type).body, ask("0.5,0.5\n0.1,0.9\n").body);
    EXPECT_EQ(ask("0 1:0.5\n", "", true, type).body, ask(",0.5\n", "", true).body);
    EXPECT_EQ(ask("0\n", "", false, type).body, ask(",\n").body);
    EXPECT_EQ(ask("\n", "", false, type).status, 204);
  }
  EXPECT_EQ(ask("0.5,0.5\n", "", false, "").body, ask("0.5,0.5\n").body);
}

TEST_F(inferring, records_are_asked_and_answered) {
  constexpr auto type = "application/x-recordio-protobuf";
  const auto body = as_records("0,0.5,0.5\n0,0.1,0.9\n");
  EXPECT_EQ(ask(body, "", false, type).body, ask("0.5,0.5\n0.1,0.9\n").body);
  const auto answer = ask(body, type, false, type);
  EXPECT_EQ(answer.content_type, type);
  records::recordio_reader reader{answer.body};
  std::string_view one;
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(reader.next(one).value_or(false));
    EXPECT_THAT(std::string{one}, HasSubstr("score"));
  }
  EXPECT_FALSE(reader.next(one).value_or(true));
  EXPECT_EQ(ask("rubbish.", "", false, type).status, 415);
  EXPECT_EQ(ask(as_records("0,1,2,3\n"), "", false, type).status, 400);
}

TEST_F(inferring, libsvm_that_cannot_be_taken_is_refused) {
  const auto unreadable = ask("1 0:1\n1 a:1", "", false, "text/libsvm");
  EXPECT_EQ(unreadable.status, 415);
  EXPECT_EQ(unreadable.body,
            "Loading libsvm data failed with Exception, please ensure data is in libsvm format:\n line 2: 'a:1' is not "
            "index:value");
  const auto wide = ask("1 2:1", "", false, "text/libsvm");
  EXPECT_EQ(wide.status, 400);
  EXPECT_THAT(wide.body,
              HasSubstr("Feature size of libsvm inference data 3 is larger than feature size of trained model 2."));
}

TEST_F(inferring, ignores_one_column_too_many) { EXPECT_EQ(ask("0.5,0.5,9\n").body, ask("0.5,0.5\n").body); }

TEST_F(inferring, takes_missing_values) { EXPECT_EQ(ask(",\n").status, 200); }

TEST_F(inferring, several_classes_are_lists) {
  parameters = {{"num_round", "3"}, {"objective", "multi:softprob"}, {"num_class", "3"}};
  add("train", "a.csv", "0,1,0\n1,2,0\n2,3,1\n0,1,1\n1,2,1\n2,3,0\n");
  const auto body = ask("1,0\n2,0\n", "", true).body;
  EXPECT_THAT(body, testing::MatchesRegex("(\\[[0-9.]+, [0-9.]+, [0-9.]+\\]\n){2}"));
}

TEST_F(inferring, the_linear_booster_predicts_too) {
  parameters["booster"] = "gblinear";
  EXPECT_EQ(ask("0.5,0.5\n").status, 200);
  EXPECT_EQ(ask("0:0.5 1:0.5\n", "", false, "text/libsvm").body, ask("0.5,0.5\n").body);
}

TEST(models, that_cannot_be_read_say_why) {
  EXPECT_THAT(load_model("").error().message, HasSubstr("empty"));
  EXPECT_THAT(load_model("\x80\x04").error().message, HasSubstr("pickled"));
  EXPECT_THAT(load_model("{\"what\": 1}").error().message, HasSubstr("cannot read the model file"));
}

}  // namespace
}  // namespace mdlc::runner::xgboost
