#include "runner/algorithms/inference.h"

#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "json/value.h"
#include "runner/algorithms/data.h"
#include "runner/records/recordio.h"
#include "runner/xgboost/csv.h"
#include "runner/xgboost/number.h"

namespace mdlc::runner::algorithms {
namespace {

using serving::inference_answer;
using serving::inference_request;

constexpr int bad_request = 400, not_acceptable = 406, unsupported_media_type = 415;
constexpr size_t shown_max = 80;
constexpr std::string_view csv_type = "text/csv", json_type = "application/json", lines_type = "application/jsonlines",
                           records_type = "application/x-recordio-protobuf";

using row_taker = std::function<base::result<void>(std::span<const float>)>;

inference_answer refuse(int status, std::string why) { return {status, "text/plain", std::move(why)}; }

base::result<void> take(std::span<const float> row, size_t features, const row_taker& taker) {
  if (row.size() != features)
    return base::fail(fmt::format("a row has {} features, where the model has {}", row.size(), features));
  for (auto value : row)
    if (!std::isfinite(value)) return base::fail("the value of a feature is missing or not finite");
  return taker(row);
}

// Of a tensor, whose width may be anything: only the model's becomes a row.
base::result<void> take(const records::tensor& t, std::vector<float>& row, const row_taker& taker) {
  MDLC_TRY(const auto width, records::width_of(t));
  if (width != row.size())
    return base::fail(fmt::format("a row has {} features, where the model has {}", width, row.size()));
  fill_row(t, row);
  return take(row, row.size(), taker);
}

base::result<void> read_csv(std::string_view body, size_t label_columns, size_t features, const row_taker& taker) {
  xgboost::table one;
  for (size_t number = 1; !body.empty(); ++number) {
    one.values.clear();
    one.rows = one.columns = 0;
    if (const auto read = xgboost::append_csv(one, xgboost::take_line(body), ','); !read) {
      const std::string_view why = read.error().message;  // "line 1: …"
      return base::fail(fmt::format("line {}{}", number, why.substr(std::min(why.find(':'), why.size()))));
    }
    if (one.rows == 0) continue;
    if (one.columns < label_columns) return base::fail("a row has no features");
    MDLC_CHECK(take(std::span<const float>{one.values}.subspan(label_columns), features, taker));
  }
  return {};
}

template <class T>
base::result<void> append_numbers(std::vector<T>& to, const json::value* list) {
  if (!list) return {};
  if (!list->is_array()) return base::fail("values, keys and shape are lists of numbers");
  if (list->get_array().size() > records::tensor_values_max)
    return base::fail(fmt::format("a row has more than {} values", records::tensor_values_max));
  for (const auto& one : list->get_array()) {
    if (!json::is_number(one)) return base::fail("values, keys and shape are lists of numbers");
    const double number = json::to_double(one);
    if (std::is_integral_v<T> && !(number >= 0 && number < 1e18)) return base::fail("a key is not a place in a row");
    to.push_back(static_cast<T>(number));
  }
  return {};
}

// {"features": […]}, {"features": {"values": […], "keys": […], "shape": […]}}, and either below "data".
base::result<void> take_instance(const json::value& instance, std::vector<float>& row, const row_taker& taker) {
  const auto* data = json::find(instance, "data");
  const auto* features = json::find(data ? *data : instance, "features");
  if (!features) return base::fail("an instance has no features");
  records::tensor t;
  MDLC_CHECK(append_numbers(t.values, features->is_array() ? features : json::find(*features, "values")));
  MDLC_CHECK(append_numbers(t.keys, json::find(*features, "keys")));
  MDLC_CHECK(append_numbers(t.shape, json::find(*features, "shape")));
  return take(t, row, taker);
}

base::result<void> read_json(std::string_view body, size_t features, const row_taker& taker) {
  MDLC_TRY(const auto request, json::parse(body));
  const auto* instances = json::find(request, "instances");
  if (!instances || !instances->is_array()) return base::fail("the request has no list of instances");
  std::vector<float> row(features);
  for (const auto& one : instances->get_array()) MDLC_CHECK(take_instance(one, row, taker));
  return {};
}

base::result<void> read_lines(std::string_view body, size_t features, const row_taker& taker) {
  std::vector<float> row(features);
  while (!body.empty()) {
    const auto line = xgboost::trim(xgboost::take_line(body));
    if (line.empty()) continue;
    MDLC_TRY(const auto instance, json::parse(line));
    MDLC_CHECK(take_instance(instance, row, taker));
  }
  return {};
}

base::result<void> read_records(std::string_view body, size_t features, const row_taker& taker) {
  std::vector<float> row(features);
  auto reader = records::recordio_reader::of_request(body);
  records::record one;
  for (std::string_view bytes;;) {
    MDLC_TRY(const bool is_there, reader.next(bytes));
    if (!is_there) return {};
    MDLC_CHECK(records::parse_record(bytes, one));
    MDLC_CHECK(take(one.features, row, taker));
  }
}

class writer {
 public:
  explicit writer(std::string_view type) : type_(type) {}

  void append(const std::vector<predicted>& row) {
    if (type_ == records_type)
      append_record(row);
    else if (type_ == csv_type)
      append_csv(row);
    else
      append_json(row);
  }
  std::string take() { return type_ == json_type ? R"({"predictions": [)" + out_ + "]}" : std::move(out_); }

 private:
  void append_number(float value, bool is_integer) {
    if (is_integer)
      out_ += fmt::format("{}", static_cast<int64_t>(value));
    else
      xgboost::append_python(out_, value);
  }
  void append_values(const predicted& p) {
    if (p.is_list) out_ += '[';
    for (size_t i = 0; i < p.values.size(); ++i) {
      if (i) out_ += ", ";
      append_number(p.values[i], p.is_integer);
    }
    if (p.is_list) out_ += ']';
  }
  void append_json(const std::vector<predicted>& row) {
    if (type_ == json_type && !out_.empty()) out_ += ", ";
    for (size_t i = 0; i < row.size(); ++i) {
      out_ += fmt::format("{}\"{}\": ", i ? ", " : "{", row[i].name);
      append_values(row[i]);
    }
    out_ += type_ == lines_type ? "}\n" : "}";
  }
  void append_csv(const std::vector<predicted>& row) {
    const size_t begin = out_.size();
    for (const auto& p : row)
      for (auto value : p.values) {
        if (out_.size() > begin) out_ += ',';
        append_number(value, p.is_integer);
      }
    out_ += '\n';
  }
  void append_record(const std::vector<predicted>& row) {
    std::string message;
    for (const auto& p : row) records::append_label(message, p.name, p.values);
    records::append_recordio(out_, message);
  }

  const std::string_view type_;
  std::string out_;
};

// One of the four, or nothing.
std::string_view known(std::string_view type) {
  if (type == "application/x-recordio-protobuf" || type == "x-recordio-protobuf") return records_type;
  for (auto one : {csv_type, json_type, lines_type})
    if (type == one) return one;
  return {};
}

}  // namespace

inference_answer infer(const predictor& model, const inference_request& request) {
  const auto given = serving::media_type(request.content_type), wanted = serving::media_type(request.accept);
  const auto type = given.empty() ? csv_type : known(given);
  if (type.empty())
    return refuse(unsupported_media_type,
                  fmt::format("Content-type {} not supported. Supported content-type: {}, {}, {}, {}",
                              xgboost::shown(given, shown_max), csv_type, json_type, lines_type, records_type));
  const auto accept = wanted.empty() || wanted == "*/*" ? json_type : known(wanted);
  if (accept.empty() || (accept == csv_type && !model.gives_csv()))
    return refuse(not_acceptable, fmt::format("Accept type {} is not supported.", xgboost::shown(wanted, shown_max)));
  size_t label_columns = 0;
  if (type == csv_type && request.content_type.find("label_size=1") != std::string_view::npos) label_columns = 1;

  writer out{accept};
  std::vector<predicted> one;
  const auto taker = [&](std::span<const float> row) -> base::result<void> {
    model.predict(row, one);
    out.append(one);
    return {};
  };
  const auto read = type == csv_type     ? read_csv(request.body, label_columns, model.features(), taker)
                    : type == json_type  ? read_json(request.body, model.features(), taker)
                    : type == lines_type ? read_lines(request.body, model.features(), taker)
                                         : read_records(request.body, model.features(), taker);
  if (!read) return refuse(bad_request, "unable to evaluate payload provided: " + read.error().message);
  return {200, std::string{accept}, out.take()};
}

}  // namespace mdlc::runner::algorithms
