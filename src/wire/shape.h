// What the AWS API models say, as constant data: shapes, members, constraints, protocol traits, errors.
// tools/apigen writes one model.cc a service from models/<service>.json; the codecs and the validation read it.
// All of it is constant-initialised, immutable and lives for ever.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace mdlc::wire {

enum class kind : uint8_t {
  structure,
  list,
  map,
  string,
  blob,
  boolean,
  integer,
  long_integer,
  float_,
  double_,
  timestamp,
  document
};

// Where a member travels in REST protocols. JSON and Query protocols carry all in the body.
enum class location : uint8_t { body, uri, querystring, header, headers, status_code };

enum class time_format : uint8_t { unset, epoch_seconds, iso8601, http_date };

struct shape;

struct member {
  std::string_view name;  // as in the model and in the normal form
  const shape* target;
  bool required = false;
  location where = location::body;
  // locationName, or the name (a prefix where `where` is headers). Of a list's member, a map's key and value: "member",
  // "key", "value" unless the model says otherwise; empty for a flattened list, whose items bear the list's own name.
  std::string_view wire_name{};
  std::string_view query_name{};  // Query protocols' name where it differs from wire_name
  bool flattened = false;         // XML and Query lists and maps without a wrapper
  bool xml_attribute = false;
  bool idempotency_token = false;
  time_format format = time_format::unset;
  std::string_view xml_namespace{};  // of this member's element
};

// Bounds are those of length (strings, blobs), count (lists, maps) or value (numbers).
struct shape {
  std::string_view name;
  kind type;
  std::span<const member> members{};  // structure
  const member* element = nullptr;    // list: its member; map: its value
  const member* key = nullptr;        // map
  bool has_min = false, has_max = false;
  double min = 0, max = 0;
  std::string_view pattern{};                  // as the model writes it; Java's dialect
  std::span<const std::string_view> values{};  // an enumeration's
  time_format format = time_format::unset;     // timestamps
  bool flattened = false;                      // lists and maps
  bool is_union = false;
  bool streaming = false;         // a blob that is never held in memory
  std::string_view payload{};     // structure: the member that is the whole body
  std::string_view error_code{};  // structure that is an error
  uint16_t http_status = 0;       // the same
  bool sensitive = false;         // never logged
};

struct operation {
  std::string_view name;
  std::string_view method;  // HTTP
  std::string_view uri;     // HTTP: /2015-03-31/functions/{FunctionName}?x=y
  uint16_t http_status = 200;
  const shape* input;  // never null: an operation without input has an empty structure
  const shape* output;
  std::string_view result_wrapper{};   // Query
  std::string_view input_element{};    // REST-XML: the root element's name
  std::string_view input_namespace{};  // REST-XML
  std::span<const shape* const> errors{};
  bool checksum_required = false;  // S3's httpChecksum.requestChecksumRequired
};

enum class protocol : uint8_t { json, rest_json, rest_xml, query };

struct service {
  std::string_view name;          // our folder: "dynamodb"
  std::string_view id;            // "DynamoDB": the model's serviceId
  std::string_view signing_name;  // "dynamodb", "states", "sagemaker"
  protocol speaks;
  std::string_view json_version{};   // "1.0", "1.1"
  std::string_view target_prefix{};  // "DynamoDB_20120810"
  std::string_view api_version;      // "2012-08-10"
  std::string_view xml_namespace{};
  bool has_region = true;                          // IAM has none
  std::span<const operation* const> operations{};  // what we serve
  std::span<const std::string_view> unserved{};    // AWS has it, we do not
};

}  // namespace mdlc::wire
