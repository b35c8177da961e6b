#include "asl/document.h"

#include <atomic>

#include "base/log.h"

namespace mdlc::asl {

// The tree is published by one compare-and-swap: std::call_once would cost a system call each time.
struct document::body {
  explicit body(std::string t) : text(std::move(t)) {}
  body(std::string t, json::value v) : text(std::move(t)), given(std::move(v)), tree(&given) {}
  ~body() {
    if (const auto* made = tree.load(std::memory_order_acquire); made != &given) delete made;
  }
  std::string text;
  json::value given;
  mutable std::atomic<const json::value*> tree{nullptr};
};

document document::from_text(std::string text) { return document{std::make_shared<body>(std::move(text))}; }

document document::from_tree(json::value tree) {
  auto text = json::print(tree);
  return from_both(std::move(text), std::move(tree));
}

document document::from_both(std::string text, json::value tree) {
  return document{std::make_shared<body>(std::move(text), std::move(tree))};
}

const std::string& document::text() const { return body_->text; }

const json::value& document::tree() const {
  if (const auto* there = body_->tree.load(std::memory_order_acquire)) return *there;
  auto parsed = json::parse(body_->text);
  if (!parsed) base::log::stop_process("a payload is no JSON: " + parsed.error().message);
  const auto* mine = new json::value(std::move(*parsed));
  const json::value* other = nullptr;
  if (body_->tree.compare_exchange_strong(other, mine, std::memory_order_acq_rel)) return *mine;
  delete mine;  // another thread was first
  return *other;
}

}  // namespace mdlc::asl
