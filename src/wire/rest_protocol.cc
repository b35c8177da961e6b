#include <fmt/format.h>

#include "base/bytes.h"
#include "wire/codec.h"
#include "wire/scalar.h"
#include "wire/xml_body.h"

namespace mdlc::wire::rest_protocol {
namespace {

using checked = base::result<void, refusal>;

refusal bad_value(const service& s, const member& m, std::string_view text) {
  if (s.speaks == protocol::rest_xml)
    return {"InvalidArgument",
            fmt::format("Provided {} not an integer or within its range", m.wire_name),
            400,
            {{"ArgumentName", m.wire_name}, {"ArgumentValue", text}}};
  return {"SerializationException", fmt::format("'{}' is no value for {}", text, m.wire_name)};
}

time_format default_format(const member& m) {
  return m.where == location::header ? time_format::http_date : time_format::iso8601;
}

checked put_scalar(const service& s, const member& m, const member& leaf, std::string_view text, json::value& out) {
  auto value = read_scalar(*leaf.target, format_of(leaf, default_format(m)), text);
  if (!value) return tl::unexpected(bad_value(s, m, text));
  out = *std::move(value);
  return {};
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// a, b, c; dates have commas of their own and are in no list of AWS's.
checked read_header_list(const service& s, const member& m, std::string_view text, json::value& out) {
  json::array items;
  while (!text.empty()) {
    auto part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (auto ok = put_scalar(s, m, *m.target->element, trim(part), items.emplace_back(nullptr)); !ok) return ok;
  }
  out = std::move(items);
  return {};
}

checked read_query(const service& s, const match& found, const member& m, const request& r, json::object& out) {
  if (m.target->type == kind::list) {
    json::array items;
    for (const auto& [name, value] : r.query)
      if (name == m.wire_name)
        if (auto ok = put_scalar(s, m, *m.target->element, value, items.emplace_back(nullptr)); !ok) return ok;
    if (!items.empty()) out[m.name] = std::move(items);
    return {};
  }
  if (m.target->type == kind::map) {
    auto mark = found.op->uri.find('?');
    auto literals = parse_query(mark == std::string_view::npos ? "" : found.op->uri.substr(mark + 1));
    json::object entries;
    for (const auto& [name, value] : r.query)
      if (!find_parameter(literals, name)) entries.insert_or_assign(name, value);
    out[m.name] = std::move(entries);
    return {};
  }
  if (const auto* value = find_parameter(r.query, m.wire_name)) {
    // A flag or number without a value is as if it were not there; a text may be empty.
    if (value->empty() && m.target->type != kind::string) return {};
    return put_scalar(s, m, m, *value, out[m.name]);
  }
  return {};
}

checked read_headers(const service& s, const member& m, const request& r, json::object& out) {
  if (m.where == location::headers) {
    json::object entries;
    for (const auto& [name, value] : r.headers) {
      if (name.size() <= m.wire_name.size() || !http::equal_names(name.substr(0, m.wire_name.size()), m.wire_name))
        continue;
      std::string rest = name.substr(m.wire_name.size());
      for (char& c : rest)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
      // A header that comes twice is one whose values are joined.
      if (auto* known = entries.if_contains(rest))
        *known = std::string{json::view(known->get_string())} + "," + value;
      else
        entries.emplace(rest, value);
    }
    if (!entries.empty()) out[m.name] = std::move(entries);
    return {};
  }
  const auto* value = r.headers.find(m.wire_name);
  if (!value) return {};
  if (m.target->type == kind::list) return read_header_list(s, m, *value, out[m.name]);
  if (value->empty() && m.target->type != kind::string) return {};
  return put_scalar(s, m, m, *value, out[m.name]);
}

// rest-json: a body member's name on the wire may differ from the model's.
void rename_members(const shape& s, json::value& v) {
  auto* object = v.if_object();
  if (!object) return;
  for (const auto& m : s.members) {
    if (m.where != location::body || m.wire_name.empty() || m.wire_name == m.name) continue;
    if (auto* value = object->if_contains(m.wire_name)) {
      auto moved = std::move(*value);
      object->erase(m.wire_name);
      (*object)[m.name] = std::move(moved);
    }
  }
}

base::result<json::value, refusal> parse_body(const service& s, const shape& target, const request& r) {
  if (s.speaks == protocol::rest_xml) {
    auto malformed = [] {
      return tl::unexpected(
          refusal{"MalformedXML",
                  "The XML you provided was not well-formed or did not validate against our published "
                  "schema"});
    };
    auto root = xml::parse(r.body);
    if (!root) return malformed();
    auto value = from_xml(target, *root);
    if (!value) return malformed();
    return *std::move(value);
  }
  auto value = json::parse(r.body);
  if (!value)
    return tl::unexpected(
        refusal{"InvalidRequestContentException", "Could not parse request body into json: " + value.error().message});
  rename_members(target, *value);
  return *std::move(value);
}

const member* find_member(const shape& s, std::string_view name) {
  for (const auto& m : s.members)
    if (m.name == name) return &m;
  return nullptr;
}

checked read_body(const service& s, const match& found, const request& r, json::object& out) {
  const auto& input = *found.op->input;
  if (r.body.empty()) return {};
  if (!input.payload.empty()) {
    const auto* m = find_member(input, input.payload);
    if (m->target->streaming) return {};
    if (m->target->type == kind::blob) {
      out[m->name] = base::to_base64(r.body);
    } else if (m->target->type == kind::string) {
      out[m->name] = r.body;
    } else {
      auto value = parse_body(s, *m->target, r);
      if (!value) return tl::unexpected(value.error());
      out[m->name] = *std::move(value);
    }
    return {};
  }
  bool any =
      std::any_of(input.members.begin(), input.members.end(), [](const auto& m) { return m.where == location::body; });
  if (!any) return {};
  auto value = parse_body(s, input, r);
  if (!value) return tl::unexpected(value.error());
  if (!value->is_object()) return tl::unexpected(refusal{"SerializationException", "The body is no structure"});
  for (auto& [name, member] : value->get_object()) out[name] = std::move(member);
  return {};
}

void write_header(answer& out, const member& m, const json::value& v) {
  if (m.where == location::headers) {
    if (const auto* entries = v.if_object())
      for (const auto& [name, value] : *entries)
        out.headers.add(std::string{m.wire_name} + std::string{name}, std::string{json::view(value.as_string())});
    return;
  }
  if (http::equal_names(m.wire_name, "Content-Length")) {
    out.head_length = v.is_int64() ? v.get_int64() : -1;
    return;
  }
  if (const auto* items = v.if_array()) {
    std::string joined;
    for (const auto& item : *items)
      joined += (joined.empty() ? "" : ",") + print_scalar(*m.target->element->target, time_format::http_date, item);
    return out.headers.add(std::string{m.wire_name}, std::move(joined));
  }
  out.headers.add(std::string{m.wire_name}, print_scalar(*m.target, format_of(m, time_format::http_date), v));
}

// Root elements of S3's answers where they are not called as the payload's member: its API reference names them, the
// models do not.
std::string_view root_element(const operation& op) {
  static constexpr std::pair<std::string_view, std::string_view> roots[] = {
      {"CompleteMultipartUpload", "CompleteMultipartUploadResult"},
      {"CopyObject", "CopyObjectResult"},
      {"CreateMultipartUpload", "InitiateMultipartUploadResult"},
      {"DeleteObjects", "DeleteResult"},
      {"GetBucketAcl", "AccessControlPolicy"},
      {"GetBucketCors", "CORSConfiguration"},
      {"GetBucketLifecycleConfiguration", "LifecycleConfiguration"},
      {"GetBucketLocation", "LocationConstraint"},
      {"GetBucketLogging", "BucketLoggingStatus"},
      {"GetBucketNotificationConfiguration", "NotificationConfiguration"},
      {"GetBucketTagging", "Tagging"},
      {"GetBucketVersioning", "VersioningConfiguration"},
      {"GetObjectAcl", "AccessControlPolicy"},
      {"GetObjectAttributes", "GetObjectAttributesResponse"},
      {"GetObjectTagging", "Tagging"},
      {"ListBuckets", "ListAllMyBucketsResult"},
      {"ListMultipartUploads", "ListMultipartUploadsResult"},
      {"ListObjectVersions", "ListVersionsResult"},
      {"ListObjects", "ListBucketResult"},
      {"ListObjectsV2", "ListBucketResult"},
      {"ListParts", "ListPartsResult"},
      {"UploadPartCopy", "CopyPartResult"},
  };
  for (const auto& [name, root] : roots)
    if (name == op.name) return root;
  return op.output->name;
}

constexpr std::string_view s3_namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

std::string print_xml(const operation& op, const member* payload, const json::value& v) {
  xml::writer w{true};
  auto root = root_element(op);
  if (payload && root == op.output->name) root = payload->wire_name;
  w.open(root, {{"xmlns", s3_namespace}});
  // The one answer whose root holds the value itself.
  if (op.name == "GetBucketLocation")
    w.text(json::text(v, "LocationConstraint"));
  else
    members_to_xml(w, payload ? *payload->target : *op.output, v, {});
  w.close();
  return w.finish();
}

std::string print_json(const shape& s, const json::value& v) {
  json::object out;
  for (const auto& m : s.members) {
    if (m.where != location::body) continue;
    if (const auto* value = json::find(v, m.name); value && !value->is_null())
      out.emplace(m.wire_name.empty() ? m.name : m.wire_name, *value);
  }
  return json::print(out);
}

void write_payload(const service& s, const operation& op, const member& m, const json::value& v, answer& out) {
  if (m.target->streaming) return;
  if (m.target->type == kind::blob) {
    out.body = base::from_base64(json::view(v.as_string())).value_or("");
  } else if (m.target->type == kind::string) {
    out.body = std::string{json::view(v.as_string())};
  } else if (s.speaks == protocol::rest_xml) {
    out.body = print_xml(op, &m, v);
  } else {
    out.body = print_json(*m.target, v);
  }
}

}  // namespace

base::result<json::value, refusal> decode(const service& s, const match& found, const request& r) {
  json::object out;
  for (const auto& m : found.op->input->members) {
    checked ok;
    if (m.where == location::uri) {
      if (const auto* text = find_parameter(found.labels, m.wire_name)) ok = put_scalar(s, m, m, *text, out[m.name]);
    } else if (m.where == location::querystring) {
      ok = read_query(s, found, m, r, out);
    } else if (m.where == location::header || m.where == location::headers) {
      ok = read_headers(s, m, r, out);
    }
    if (!ok) return tl::unexpected(ok.error());
  }
  if (auto ok = read_body(s, found, r, out); !ok) return tl::unexpected(ok.error());
  return out;
}

answer encode(const service& s, const operation& op, const json::value& output, const ids&) {
  answer out;
  out.status = op.http_status;
  bool any_body = false;
  for (const auto& m : op.output->members) {
    any_body |= m.where == location::body;
    const auto* value = json::find(output, m.name);
    if (!value || value->is_null()) continue;
    if (m.where == location::header || m.where == location::headers) write_header(out, m, *value);
    if (m.where == location::status_code && value->is_int64()) out.status = static_cast<int>(value->get_int64());
  }
  const auto* type = s.speaks == protocol::rest_xml ? "application/xml" : "application/json";
  if (!op.output->payload.empty()) {
    const auto& m = *find_member(*op.output, op.output->payload);
    const auto* value = json::find(output, m.name);
    if (value && !value->is_null()) write_payload(s, op, m, *value, out);
    if (m.target->streaming) return out;
  } else if (any_body) {
    out.body = s.speaks == protocol::rest_xml ? print_xml(op, nullptr, output) : print_json(*op.output, output);
  }
  if (!out.body.empty() && !out.headers.has("Content-Type")) out.headers.add("Content-Type", type);
  return out;
}

}  // namespace mdlc::wire::rest_protocol
