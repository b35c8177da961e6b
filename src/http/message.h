// Requests and replies of HTTP/1.1, for the server and the client.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mdlc::http {

// Header fields in their order. Names compare without case.
class headers {
 public:
  using field = std::pair<std::string, std::string>;

  headers() = default;
  headers(std::initializer_list<field> fields) : fields_(fields) {}
  void add(std::string name, std::string value);
  void set(std::string_view name, std::string value);
  // The first of that name, or null.
  const std::string* find(std::string_view name) const;
  std::string_view get(std::string_view name, std::string_view otherwise = {}) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  size_t size() const { return fields_.size(); }

 private:
  std::vector<field> fields_;
};

bool equal_names(std::string_view, std::string_view);  // ASCII, without case

struct request_head {
  std::string method;
  std::string target;  // as the client wrote it: path and query, still percent-encoded
  http::headers headers;
};

// A part of an open file, sent as a body. `keep` holds the descriptor open.
struct file_part {
  std::shared_ptr<const void> keep;
  int fd = -1;
  int64_t offset = 0;
  int64_t count = 0;
};

struct reply {
  int status = 200;
  http::headers headers;  // without Content-Length and Connection, which the server writes; but see below
  std::variant<std::string, file_part> body;
  // Answers to HEAD: the length that a GET would have. Else unused.
  int64_t head_length = -1;
};

std::string_view reason_phrase(int status);

}  // namespace mdlc::http
