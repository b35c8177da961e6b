#include "wire/request.h"

namespace mdlc::wire {

request::request(const http::request_head& head) : method(head.method), headers(head.headers) {
  std::string_view target = head.target;
  // A proxy's form, http://host/path: the host is in its header too.
  if (auto scheme = target.find("://"); scheme != std::string_view::npos && target.find('/') == scheme + 1) {
    auto slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  auto mark = target.find('?');
  path = target.substr(0, mark);
  if (mark != std::string_view::npos) query = parse_query(target.substr(mark + 1));
}

}  // namespace mdlc::wire
