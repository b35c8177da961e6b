// What /invocations does for SageMaker's own algorithms: rows in text/csv, application/json, application/jsonlines or
// application/x-recordio-protobuf; predictions in those that the algorithm gives.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runner/serving/model_server.h"

namespace mdlc::runner::algorithms {

struct predicted {
  std::string_view name;  // "score"
  std::vector<float> values;
  bool is_list = false;     // printed as one, also if there is one value
  bool is_integer = false;  // printed without a point
};

class predictor {
 public:
  virtual ~predictor() = default;
  virtual size_t features() const = 0;
  // Whether answers may be text/csv: the values of a row side by side.
  virtual bool gives_csv() const = 0;
  // Of a row with features() finite values. Thread-safe; `out` is used again.
  virtual void predict(std::span<const float> row, std::vector<predicted>& out) const = 0;
};

// Without a content type, CSV; without Accept, JSON. A row at a time: the answer is all that grows with the request.
serving::inference_answer infer(const predictor&, const serving::inference_request&);

}  // namespace mdlc::runner::algorithms
