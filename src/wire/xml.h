// XML as the REST-XML and Query protocols use it: read into a bounded tree, written element by element.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace mdlc::wire::xml {

// Bounds on what a stranger sends. S3's largest document is a CompleteMultipartUpload of 10,000 parts.
inline constexpr size_t max_depth = 64;
inline constexpr size_t max_elements = 200'000;

struct element {
  std::string name;                                             // without a namespace prefix
  std::vector<std::pair<std::string, std::string>> attributes;  // with theirs: "xsi:type"
  std::string text;                                             // all character data directly inside
  std::vector<element> children;

  const element* find(std::string_view child) const;
};

// The root. Document type declarations, and so entities of their own, are refused.
base::result<element> parse(std::string_view document);

std::string escape(std::string_view text);

class writer {
 public:
  // Begins with <?xml version="1.0" encoding="UTF-8"?> and a line break if `declaration`.
  explicit writer(bool declaration);
  using attributes = std::vector<std::pair<std::string_view, std::string_view>>;
  void open(std::string_view name, const attributes& = {});
  void close();
  void text(std::string_view);
  void leaf(std::string_view name, std::string_view text);
  std::string finish() { return std::move(out_); }

 private:
  std::string out_;
  std::vector<std::string> open_;
};

}  // namespace mdlc::wire::xml
