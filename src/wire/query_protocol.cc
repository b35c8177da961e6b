#include <map>

#include <fmt/format.h>

#include "wire/codec.h"
#include "wire/scalar.h"
#include "wire/xml_body.h"

namespace mdlc::wire::query_protocol {
namespace {

// How deep a parameter's name may go: no input of ours has more than ten dots.
constexpr size_t max_dots = 32;

// Tags.member.1.Key=a as a tree.
struct node {
  const std::string* value = nullptr;
  std::map<std::string, node, std::less<>> children;
};

refusal malformed(std::string message) { return {"MalformedInput", std::move(message), 400}; }

base::result<node, refusal> grow(const parameters& form) {
  node root;
  for (const auto& [name, value] : form) {
    node* here = &root;
    std::string_view rest = name;
    for (size_t dots = 0;; ++dots) {
      if (dots > max_dots) return tl::unexpected(malformed("Top level element may not be treated as a list"));
      auto part = rest.substr(0, rest.find('.'));
      here = &here->children[std::string{part}];
      if (part.size() == rest.size()) break;
      rest.remove_prefix(part.size() + 1);
    }
    here->value = &value;
  }
  return root;
}

using read_result = base::result<json::value, refusal>;
read_result read(const member&, std::string_view name, const node&);

const node* child(const node& n, std::string_view name) {
  auto found = n.children.find(name);
  return found == n.children.end() ? nullptr : &found->second;
}

// Visits n's children 1, 2, 3, … up to the first that is not there.
template <class F>
base::result<void, refusal> each_numbered(const node& n, F visit) {
  for (size_t i = 1;; ++i) {
    const auto* item = child(n, std::to_string(i));
    if (!item) return {};
    if (auto ok = visit(*item); !ok) return ok;
  }
}

read_result read_list(const member& m, std::string_view name, const node& n) {
  const auto& element = *m.target->element;
  bool flat = m.flattened || m.target->flattened;
  const node* items = flat ? &n : child(n, element.wire_name.empty() ? "member" : element.wire_name);
  json::array out;
  if (!items) return out;  // Tags= is an empty list
  auto ok = each_numbered(*items, [&](const node& item) -> base::result<void, refusal> {
    MDLC_TRY(auto value, read(element, name, item));
    out.push_back(std::move(value));
    return {};
  });
  if (!ok) return tl::unexpected(ok.error());
  return out;
}

read_result read_map(const member& m, std::string_view name, const node& n) {
  const auto& s = *m.target;
  const node* entries = m.flattened || s.flattened ? &n : child(n, "entry");
  json::object out;
  if (!entries) return out;
  auto ok = each_numbered(*entries, [&](const node& entry) -> base::result<void, refusal> {
    const auto* key = child(entry, s.key->wire_name.empty() ? "key" : s.key->wire_name);
    const auto* value = child(entry, s.element->wire_name.empty() ? "value" : s.element->wire_name);
    if (!key || !key->value || !value) return tl::unexpected(malformed(fmt::format("{} lacks a key or value", name)));
    MDLC_TRY(auto got, read(*s.element, name, *value));
    out.insert_or_assign(*key->value, std::move(got));
    return {};
  });
  if (!ok) return tl::unexpected(ok.error());
  return out;
}

read_result read_structure(const shape& s, const node& n) {
  json::object out;
  for (const auto& m : s.members) {
    auto name = !m.query_name.empty() ? m.query_name : m.wire_name.empty() ? m.name : m.wire_name;
    const auto* found = child(n, name);
    if (!found) continue;
    MDLC_TRY(auto value, read(m, name, *found));
    out[m.name] = std::move(value);
  }
  return out;
}

read_result read(const member& m, std::string_view name, const node& n) {
  switch (m.target->type) {
    case kind::structure:
      return read_structure(*m.target, n);
    case kind::list:
      return read_list(m, name, n);
    case kind::map:
      return read_map(m, name, n);
    default:
      break;
  }
  if (!n.value) return tl::unexpected(malformed(fmt::format("Unexpected complex element for {}", name)));
  auto value = read_scalar(*m.target, format_of(m, time_format::iso8601), *n.value);
  if (!value) {
    return tl::unexpected(malformed(fmt::format("The value '{}' of {} is not valid", *n.value, name)));
  }
  return *value;
}

}  // namespace

base::result<json::value, refusal> decode(const operation& op, const parameters& form) {
  MDLC_TRY(auto root, grow(form));
  return read_structure(*op.input, root);
}

answer encode(const service& s, const operation& op, const json::value& output, const ids& id) {
  xml::writer w{false};
  w.open(fmt::format("{}Response", op.name), {{"xmlns", s.xml_namespace}});
  if (!op.result_wrapper.empty()) {
    w.open(op.result_wrapper);
    members_to_xml(w, *op.output, output, {.time_with_fraction = s.name == "cloudformation"});
    w.close();
  }
  w.open("ResponseMetadata");
  w.leaf("RequestId", id.request_id);
  w.close();
  w.close();
  return {200, {{"Content-Type", "text/xml"}}, w.finish() + "\n"};
}

answer encode_error(const service& s, const refusal& e, const ids& id) {
  xml::writer w{false};
  w.open("ErrorResponse", {{"xmlns", s.xml_namespace}});
  w.open("Error");
  w.leaf("Type", e.status < 500 ? "Sender" : "Receiver");
  w.leaf("Code", e.code);
  w.leaf("Message", e.message);
  w.close();
  w.leaf("RequestId", id.request_id);
  w.close();
  return {e.status, {{"Content-Type", "text/xml"}}, w.finish() + "\n"};
}

}  // namespace mdlc::wire::query_protocol
