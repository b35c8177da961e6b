#include "runner/xgboost/inference.h"

#include <fmt/format.h>

#include "runner/records/record.h"
#include "runner/records/recordio.h"
#include "runner/xgboost/channel.h"
#include "runner/xgboost/number.h"
#include "runner/xgboost/record_rows.h"

namespace mdlc::runner::xgboost {
namespace {

constexpr int no_content = 204, bad_request = 400, not_acceptable = 406, unsupported_media_type = 415;
constexpr std::string_view records_type = "application/x-recordio-protobuf";

inference_answer refuse(int status, std::string why) { return {status, "text/plain", std::move(why)}; }

tl::unexpected<inference_answer> refusal(int status, std::string why) {
  return tl::unexpected(refuse(status, std::move(why)));
}

tl::unexpected<inference_answer> no_rows() { return tl::unexpected(inference_answer{no_content, "text/csv", ""}); }

// A model takes one column more, which it does not look at; SageMaker's container allows just that.
void keep_columns(table& t, size_t columns) {
  for (size_t row = 0; row < t.rows; ++row)
    std::copy_n(t.values.begin() + static_cast<ptrdiff_t>(row * t.columns), columns,
                t.values.begin() + static_cast<ptrdiff_t>(row * columns));
  t.columns = columns;
  t.values.resize(t.rows * columns);
}

// A number, or a list of them where there is one a class.
void append_prediction(std::string& to, const predictions& p, size_t row) {
  if (p.width == 1) return append_python(to, p.values[row]);
  to += '[';
  for (size_t i = 0; i < p.width; ++i) {
    if (i) to += ", ";
    append_python(to, p.values[row * p.width + i]);
  }
  to += ']';
}

std::string as_csv(const predictions& p, bool is_batch) {
  std::string out;
  out.reserve(p.values.size() * 22);
  for (size_t row = 0; row < p.rows; ++row) {
    if (row && !is_batch) out += ',';
    append_prediction(out, p, row);
    if (is_batch) out += '\n';
  }
  return out;
}

std::string as_json(const predictions& p, bool lines) {
  std::string out = lines ? "" : R"({"predictions": [)";
  for (size_t row = 0; row < p.rows; ++row) {
    if (row && !lines) out += ", ";
    out += R"({"score": )";
    append_prediction(out, p, row);
    out += lines ? "}\n" : "}";
  }
  if (!lines) out += "]}";
  return out;
}

std::string as_records(const predictions& p) {
  std::string out, message;
  for (size_t row = 0; row < p.rows; ++row) {
    message.clear();
    records::append_label(message, "score", std::span{p.values}.subspan(row * p.width, p.width));
    records::append_recordio(out, message);
  }
  return out;
}

base::result<predictions, inference_answer> answered(base::result<predictions> predicted) {
  if (predicted) return *std::move(predicted);
  return refusal(bad_request, "Unable to evaluate payload provided: " + predicted.error().message);
}

tl::unexpected<inference_answer> not_readable(std::string_view format, std::string_view why) {
  return refusal(
      unsupported_media_type,
      fmt::format("Loading {0} data failed with Exception, please ensure data is in {0} format:\n {1}", format, why));
}

base::result<predictions, inference_answer> predict_csv(const booster& model, std::string_view body) {
  table rows;
  if (auto read = append_csv(rows, body, find_delimiter(body)); !read) return not_readable("csv", read.error().message);
  if (rows.rows == 0) return no_rows();
  const auto features = model.features();
  if (!features) return refusal(500, features.error().message);
  if (rows.columns != *features && rows.columns != *features + 1)
    return refusal(bad_request,
                   fmt::format("Unable to evaluate payload provided: Feature size of csv inference data {} is not "
                               "consistent with feature size of trained model {}.",
                               rows.columns, *features));
  if (rows.columns > *features) keep_columns(rows, *features);
  return answered(model.predict(rows));
}

base::result<predictions, inference_answer> predict_sparse(const booster& model, data_format format,
                                                           std::string_view body) {
  const bool is_libsvm = format == data_format::libsvm;
  const std::string_view name = is_libsvm ? "libsvm" : "recordio-protobuf";
  sparse_table rows;
  const auto read = is_libsvm ? append_libsvm(rows, body, libsvm_rows::unknown) : append_records(rows, body, false);
  if (!read) return not_readable(name, read.error().message);
  if (rows.rows() == 0) return no_rows();
  const auto features = model.features();
  if (!features) return refusal(500, features.error().message);
  if (rows.features > *features)
    return refusal(
        bad_request,
        fmt::format("Unable to evaluate payload provided: Feature size of {} inference data {} is larger than "
                    "feature size of trained model {}.",
                    name, rows.features, *features));
  return answered(model.predict(rows));
}

}  // namespace

inference_answer infer(const booster& model, const inference_request& request) {
  if (request.body.empty()) return {no_content, "text/csv", ""};
  const auto format = request.content_type.empty() ? data_format::csv : find_format(request.content_type);
  if (!format)
    return refuse(unsupported_media_type,
                  fmt::format("{} is not an accepted ContentType: {}.", request.content_type, accepted_types));
  auto accept = serving::media_type(request.accept);
  if (accept.empty() || accept == "*/*") accept = "text/csv";
  if (accept != "text/csv" && accept != "application/json" && accept != "application/jsonlines" &&
      accept != records_type)
    return refuse(not_acceptable, fmt::format("Accept type {} is not supported.", accept));
  const auto predicted =
      *format == data_format::csv ? predict_csv(model, request.body) : predict_sparse(model, *format, request.body);
  if (!predicted) return predicted.error();
  if (accept == "text/csv") return {200, "text/csv", as_csv(*predicted, request.is_batch)};
  if (accept == records_type) return {200, std::string{accept}, as_records(*predicted)};
  return {200, std::string{accept}, as_json(*predicted, accept == "application/jsonlines")};
}

base::result<booster> load_model(std::string_view bytes) {
  if (bytes.empty()) return base::fail("the model file is empty");
  if (bytes.front() == '\x80')
    return base::fail(
        "the model file is a pickled Python object, as the oldest XGBoost images write it; save it with "
        "Booster.save_model instead");
  auto loaded = booster::load(bytes);
  if (!loaded)
    return base::fail(
        fmt::format("XGBoost {} cannot read the model file: {}", library_version(), loaded.error().message));
  return loaded;
}

}  // namespace mdlc::runner::xgboost
