#include "asl/document.h"

#include <mutex>

#include "base/log.h"

namespace mdlc::asl {

struct document::body {
  std::string text;
  mutable std::once_flag made;
  mutable json::value tree;
};

document document::from_text(std::string text) {
  auto b = std::make_shared<body>();
  b->text = std::move(text);
  return document{std::move(b)};
}

document document::from_tree(json::value tree) {
  auto text = json::print(tree);
  return from_both(std::move(text), std::move(tree));
}

document document::from_both(std::string text, json::value tree) {
  auto b = std::make_shared<body>();
  b->text = std::move(text);
  std::call_once(b->made, [&] { b->tree = std::move(tree); });
  return document{std::move(b)};
}

const std::string& document::text() const { return body_->text; }

const json::value& document::tree() const {
  std::call_once(body_->made, [&] {
    auto parsed = json::parse(body_->text);
    if (!parsed) base::log::stop_process("a payload is no JSON: " + parsed.error().message);
    body_->tree = std::move(*parsed);
  });
  return body_->tree;
}

}  // namespace mdlc::asl
