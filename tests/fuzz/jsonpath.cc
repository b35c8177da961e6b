#include "expr/jsonpath/path.h"

#include "target.h"

using namespace mdlc;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto q = fuzz::question_of(fuzz::text_of(data, size));
  auto path = expr::jsonpath::path::parse(q.expression);
  if (!path) return 0;
  fuzz::promise(q.expression.size() <= expr::jsonpath::max_path_bytes, "a path past its bound is refused");
  (void)path->canonical();
  (void)path->evaluate(q.document, 0, {.visits = 100'000});
  if (!path->is_reference()) return 0;
  fuzz::promise(path->is_definite(), "a reference path is definite");
  auto into = q.document;
  if (!path->put(into, "put")) return 0;
  auto back = path->evaluate(into);
  fuzz::promise(back && back->get() == json::value("put"), "what was put is found there");
  return 0;
}
