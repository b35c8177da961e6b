#include "wire/codec.h"

#include <fmt/format.h>
#include <zlib.h>

#include "wire/xml.h"

namespace mdlc::wire {
namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded";

parameters form_of(const request& r) {
  auto form = r.query;
  if (r.headers.get("Content-Type").starts_with(form_type))
    for (auto& field : parse_query(r.body)) form.push_back(std::move(field));
  return form;
}

const operation* find_by_name(const service& s, std::string_view name) {
  for (const auto* op : s.operations)
    if (op->name == name) return op;
  return nullptr;
}

base::result<match, refusal> by_target(const service& s, const request& r) {
  auto target = r.headers.get("X-Amz-Target");
  auto dot = target.rfind('.');
  auto prefix = target.substr(0, dot);
  auto name = dot == std::string_view::npos ? std::string_view{} : target.substr(dot + 1);
  if (const auto* op = prefix == s.target_prefix ? find_by_name(s, name) : nullptr) return match{op, {}};
  return tl::unexpected(
      refusal{"UnknownOperationException", fmt::format("{} is no operation that is served.", target)});
}

base::result<match, refusal> by_action(const service& s, const request& r) {
  auto form = form_of(r);
  const auto* action = find_parameter(form, "Action");
  if (!action || action->empty())
    return tl::unexpected(refusal{"MissingAction", "The request must contain the parameter Action", 400});
  if (const auto* op = find_by_name(s, *action)) return match{op, {}};
  return tl::unexpected(unknown_operation(s, *action));
}

base::result<json::value, refusal> decode_json(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return json::object{};
  auto parsed = json::parse(body);
  if (parsed) return *std::move(parsed);
  return tl::unexpected(refusal{"SerializationException", "Unable to parse the body: " + parsed.error().message});
}

void add_ids(const service& s, answer& out, const ids& id) {
  if (s.speaks != protocol::rest_xml) return out.headers.add("x-amzn-RequestId", std::string{id.request_id});
  out.headers.add("x-amz-request-id", std::string{id.request_id});
  out.headers.add("x-amz-id-2", std::string{id.host_id});
  if (!out.headers.has("Server")) out.headers.add("Server", "AmazonS3");
}

answer json_answer(const service& s, int status, std::string body) {
  answer out{status, {{"Content-Type", fmt::format("application/x-amz-json-{}", s.json_version)}}, std::move(body)};
  // DynamoDB's clients check it where it is there.
  if (s.name == "dynamodb")
    out.headers.add("x-amz-crc32", std::to_string(::crc32(0, reinterpret_cast<const Bytef*>(out.body.data()),
                                                          static_cast<uInt>(out.body.size()))));
  return out;
}

const shape* error_shape(const operation* op, std::string_view code) {
  if (!op) return nullptr;
  for (const auto* s : op->errors)
    if (s->error_code == code || s->name == code) return s;
  return nullptr;
}

// The name that the error's shape has for its text: "message" or "Message".
std::string_view message_name(const shape* s, std::string_view otherwise) {
  if (!s) return otherwise;
  for (const auto& m : s->members)
    if (http::equal_names(m.name, "message")) return m.wire_name.empty() ? m.name : m.wire_name;
  return otherwise;
}

// Java's packages of the errors, which older services put before the names. Clients cut them off.
std::string type_of(const service& s, const shape* known, const refusal& e) {
  if (s.json_version != "1.0") return e.code;
  if (e.code == "ValidationException" && s.name == "dynamodb") return "com.amazon.coral.validate#" + e.code;
  if (!known) return "com.amazon.coral.service#" + e.code;
  if (s.name == "states") return "com.amazonaws.swf.service.v2.model#" + e.code;
  if (s.name == "dynamodb") return "com.amazonaws.dynamodb.v20120810#" + e.code;
  return e.code;
}

answer json_error(const service& s, const operation* op, const refusal& e) {
  const auto* known = error_shape(op, e.code);
  json::object body{{"__type", type_of(s, known, e)}};
  body.emplace(message_name(known, s.json_version == "1.0" ? "message" : "Message"), e.message);
  for (const auto& [name, value] : e.members) body.insert_or_assign(name, value);
  return json_answer(s, e.status, json::print(body));
}

answer rest_json_error(const operation* op, const refusal& e) {
  const auto* known = error_shape(op, e.code);
  json::object body{{"Type", e.status < 500 ? "User" : "Service"}};
  body.insert_or_assign(message_name(known, "Message"), e.message);
  for (const auto& [name, value] : e.members) body.insert_or_assign(name, value);
  return {e.status, {{"Content-Type", "application/json"}, {"x-amzn-ErrorType", e.code}}, json::print(body)};
}

answer xml_error(const refusal& e, const ids& id) {
  answer out{e.status, {{"Content-Type", "application/xml"}}, {}};
  if (e.status == 304) return out;
  xml::writer w{true};
  w.open("Error");
  w.leaf("Code", e.code);
  w.leaf("Message", e.message);
  for (const auto& [name, value] : e.members)
    w.leaf(name, value.is_string() ? std::string{json::view(value.get_string())} : json::print(value));
  w.leaf("RequestId", id.request_id);
  w.leaf("HostId", id.host_id);
  w.close();
  out.body = w.finish();
  return out;
}

}  // namespace

refusal unknown_operation(const service& s, std::string_view name) {
  switch (s.speaks) {
    case protocol::rest_xml:
      return {"NotImplemented", "A header you provided implies functionality that is not implemented.", 501};
    case protocol::query:
      return {"InvalidAction", fmt::format("Could not find operation {} for version {}", name, s.api_version)};
    case protocol::rest_json:
      return {"UnknownOperationException", fmt::format("{} is no operation that is served.", name), 404};
    case protocol::json:
      break;
  }
  return {"UnknownOperationException", fmt::format("{} is no operation that is served.", name)};
}

base::result<match, refusal> find_operation(const service& s, const request& r, std::string_view path) {
  switch (s.speaks) {
    case protocol::json:
      return by_target(s, r);
    case protocol::query:
      return by_action(s, r);
    default:
      return rest_protocol::find_operation(s, r, path);
  }
}

base::result<json::value, refusal> decode(const service& s, const match& found, const request& r) {
  switch (s.speaks) {
    case protocol::json:
      return decode_json(r.body);
    case protocol::query:
      return query_protocol::decode(*found.op, form_of(r));
    default:
      return rest_protocol::decode(s, found, r);
  }
}

answer encode(const service& s, const operation& op, const json::value& output, const ids& id) {
  answer out;
  switch (s.speaks) {
    case protocol::json:
      out = json_answer(s, op.http_status, json::print(output));
      break;
    case protocol::query:
      out = query_protocol::encode(s, op, output, id);
      break;
    default:
      out = rest_protocol::encode(s, op, output, id);
      break;
  }
  add_ids(s, out, id);
  return out;
}

answer encode_error(const service& s, const operation* op, const refusal& e, const ids& id) {
  answer out;
  switch (s.speaks) {
    case protocol::json:
      out = json_error(s, op, e);
      break;
    case protocol::query:
      out = query_protocol::encode_error(s, e, id);
      break;
    case protocol::rest_json:
      out = rest_json_error(op, e);
      break;
    case protocol::rest_xml:
      out = xml_error(e, id);
      break;
  }
  add_ids(s, out, id);
  return out;
}

}  // namespace mdlc::wire
