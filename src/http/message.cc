#include "http/message.h"

#include <algorithm>

namespace mdlc::http {

bool equal_names(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

void headers::add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }

void headers::set(std::string_view name, std::string value) {
  for (auto& [known, old] : fields_) {
    if (!equal_names(known, name)) continue;
    old = std::move(value);
    return;
  }
  add(std::string{name}, std::move(value));
}

const std::string* headers::find(std::string_view name) const {
  for (const auto& [known, value] : fields_)
    if (equal_names(known, name)) return &value;
  return nullptr;
}

std::string_view headers::get(std::string_view name, std::string_view otherwise) const {
  auto* found = find(name);
  return found ? std::string_view{*found} : otherwise;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 424:
      return "Failed Dependency";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

}  // namespace mdlc::http
