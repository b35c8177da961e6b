// What AWS's operations answer, for checks of mocked results: types, bounds and required members, without prose. The
// table is models/mock_shapes.txt (tools/mock_shapes.py makes it), kept in the program as it is and read one service at
// a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mdlc::services::states {

struct mock_shape {
  enum class kind : uint8_t { structure, list, map, text, number, bytes, boolean, time, any };
  struct member {
    std::string_view name;  // as workflows write it: with a capital
    size_t shape = 0;
    bool is_required = false;
  };
  kind what = kind::any;
  std::vector<member> members;
  size_t inner = 0;                // of a list or map
  std::optional<double> min, max;  // of a number; of the length of a text, bytes or a list
  std::vector<std::string_view> values;
};

// One service's; immutable, for any thread.
struct mock_shapes {
  std::vector<mock_shape> shapes;
  std::vector<std::pair<std::string_view, size_t>> operations;  // "Encrypt" → its answer

  // Of an action as a Resource names it, "encrypt"; null where the table has none.
  const mock_shape* answer_of(std::string_view action) const;
};

// Of a service as `aws-sdk:` names it: "kms", "sfn"; null where the table has none.
std::shared_ptr<const mock_shapes> find_mock_shapes(std::string_view service);

}  // namespace mdlc::services::states
