// A JSON payload: immutable, shared, and kept as the text it came in.
//
// AWS hands texts on as they were written (white space included) as long as nothing looks inside; so the text leads and
// the tree is made from it when an expression first asks. Copying a document copies a pointer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "json/value.h"

namespace mdlc::asl {

class document {
 public:
  document() = default;  // none: no payload at all, which is not JSON's null

  // REQUIRES: `text` is one valid JSON text (json::parse takes it). Its tree is made when first asked for.
  static document from_text(std::string text);
  // The text is printed as AWS prints.
  static document from_tree(json::value tree);
  // Both are at hand and agree.
  static document from_both(std::string text, json::value tree);

  explicit operator bool() const { return body_ != nullptr; }
  // REQUIRES: there is one. Thread-safe.
  const std::string& text() const;
  const json::value& tree() const;

  // The same payload by identity; equal texts in two documents are not the same.
  bool same(const document& other) const { return body_ == other.body_; }
  const void* identity() const { return body_.get(); }

 private:
  struct body;
  explicit document(std::shared_ptr<const body> b) : body_(std::move(b)) {}
  std::shared_ptr<const body> body_;
};

}  // namespace mdlc::asl
