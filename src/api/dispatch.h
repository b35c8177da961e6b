// The way of a request: http → service, signature, decoded input → operation → answer in the service's protocol.
#pragma once

#include <memory>

#include "api/host.h"

namespace mdlc::api {

// Bounds on bodies that are held in memory, by what carries them; a streamed payload has S3's own bound.
inline constexpr size_t max_json_body_bytes = 16 * 1024 * 1024;  // DynamoDB's BatchWriteItem
inline constexpr size_t max_query_body_bytes = 1024 * 1024;
inline constexpr size_t max_xml_body_bytes = 8 * 1024 * 1024;     // CompleteMultipartUpload with 10,000 checksums
inline constexpr size_t max_invoke_body_bytes = 6 * 1024 * 1024;  // Lambda's payload
inline constexpr size_t max_function_body_bytes = 70'167'211;     // Lambda's CreateFunction with a zip in base64
inline constexpr int64_t max_streamed_body_bytes = int64_t{5} * 1024 * 1024 * 1024;

class dispatcher {
 public:
  // All services are made; `h` outlives it.
  explicit dispatcher(host& h);
  ~dispatcher();

  // Answers the health check, which needs no signature and no service; false for any other request.
  static bool answer_health(http::exchange&);

  // An http::handler: returns at once, works on the host's pool.
  void handle(std::shared_ptr<http::exchange>);

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace mdlc::api
