#include "asl/intrinsic.h"

#include "asl/scope.h"
#include "target.h"

using namespace mdlc;
using namespace mdlc::asl;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto q = fuzz::question_of(fuzz::text_of(data, size));
  auto expression = parse_expression(q.expression);
  if (!expression) return 0;
  std::set<std::string> names;
  (*expression)->variables(names);
  auto input = document::from_tree(q.document);
  execution_info info;
  info.id = "arn:x";
  info.name = "e";
  context_object context;
  context.info = &info;
  context.state_name = "S";
  auto seven = document::from_text("[7]");
  std::function<document(std::string_view)> variable = [&](std::string_view name) {
    return name == "v" ? seven : document{};
  };
  chance luck{1};
  auto out = (*expression)->evaluate({input, context, variable, luck});
  if (out) fuzz::promise(json::parse(json::print(out->get())).has_value(), "a result is JSON");
  return 0;
}
