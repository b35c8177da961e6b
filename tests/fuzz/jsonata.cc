#include "expr/jsonata/jsonata.h"

#include "expr/jsonata/aws.h"
#include "target.h"

using namespace mdlc;
using namespace mdlc::expr;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto q = fuzz::question_of(fuzz::text_of(data, size));
  auto expression = jsonata::expression::parse(q.expression);
  if (!expression) return 0;
  (void)expression->references();
  jsonata::variable_binding states[] = {{"states", &q.document}};
  // Tight, so that the bounds themselves are met often.
  const jsonata::limits bounds{.steps = 200'000, .depth = 500, .memory_bytes = 16 * 1024 * 1024};
  for (const auto* functions : {&jsonata::library::standard(), &jsonata::aws_library()}) {
    jsonata::environment around{.variables = states, .functions = functions, .seed = 7, .bounds = bounds};
    auto out = expression->evaluate(&q.document, around);
    auto again = expression->evaluate(&q.document, around);
    fuzz::promise(out.has_value() == again.has_value(), "the same question has the same answer");
    if (out && out->what == jsonata::outcome::kind::value)
      fuzz::promise(json::parse(json::print(out->value)).has_value(), "a result is JSON");
    if (!out) fuzz::promise(!out.error().code.empty() && out.error().code == again.error().code, "an error is named");
  }
  return 0;
}
